// Adds (negate ? -value : value + carry) while `accumulate`; `finish` with it hands the sum to y and starts the next
// from 0. The sum is modulo 2**BITS. A parent under reset asserts both, which clears it.
// In: one operand of BITS a cycle, `negate_early` one cycle before its value. Out: a sum of BITS.
// Latency: y changes the cycle after `finish` and holds. Initiation interval: one cycle an operand.
module sw_accumulator #(
    parameter int BITS = 18,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic accumulate,
    input logic finish,
    input logic [BITS-1:0] value,
    input logic negate_early,
    input logic carry,
    output logic [BITS-1:0] y
);
    logic [BITS-1:0] held;
    logic [BITS-1:0] sum;
    logic last;
    logic negate;
    initial held = '0;

    sw_carry_add #(.BITS(BITS), .GENERIC(GENERIC)) u_add (
        .a(held), .b(value ^ {BITS{negate}}), .carry_in(negate | carry), .sum
    );

    // a clear that is the flip-flops' own reset costs no LUT
    assign last = accumulate & finish;
    always_ff @(posedge clk) begin
        negate <= negate_early;
        if (last) held <= '0;
        else if (accumulate) held <= sum;
        if (last) y <= sum;
    end
endmodule
