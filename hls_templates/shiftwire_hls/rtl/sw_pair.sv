// The sum or the larger of two signed codes. In: two codes of BITS. Out: one of BITS, modulo 2**BITS. Combinational.
module sw_pair #(
    parameter int BITS = 8,
    parameter bit LARGEST = 0
) (
    input logic [BITS-1:0] a,
    input logic [BITS-1:0] b,
    output logic [BITS-1:0] reduced
);
    assign reduced = !LARGEST ? a + b : $signed(a) > $signed(b) ? a : b;
endmodule
