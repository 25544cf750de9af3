// The sum or the largest of COUNT signed codes, as a tree of pairs. In: COUNT codes of BITS, code 0 in the low bits.
// Out: one of BITS, modulo 2**BITS. Combinational.
module sw_reduce #(
    parameter int COUNT = 2,
    parameter int BITS = 8,
    parameter bit LARGEST = 0
) (
    input logic [COUNT*BITS-1:0] codes,
    output logic [BITS-1:0] reduced
);
    // node n has the children 2n + 1 and 2n + 2; the last COUNT nodes are the codes
    wire [BITS-1:0] node[2*COUNT-1];
    genvar n;
    generate
        for (n = 0; n < COUNT; n++) begin : leaf
            assign node[COUNT-1+n] = codes[n*BITS+:BITS];
        end
        for (n = 0; n < COUNT - 1; n++) begin : pair
            wire [BITS-1:0] a = node[2*n+1];
            wire [BITS-1:0] b = node[2*n+2];
            assign node[n] = !LARGEST ? a + b : $signed(a) > $signed(b) ? a : b;
        end
    endgenerate
    assign reduced = node[0];
endmodule
