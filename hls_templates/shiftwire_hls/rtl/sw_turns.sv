// Sums of TURNS positions whose parts come in turn: each is added to the sum of TURNS steps ago, or `is_first` starts
// one. In: a value of BITS with `step`. Out: the sum with it, modulo 2**BITS, until the next step.
// Latency: one cycle. Initiation interval: one cycle a step.
module sw_turns #(
    parameter int BITS = 18,
    parameter int TURNS = 4,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic step,
    input logic is_first,
    input logic [BITS-1:0] value,
    output logic [BITS-1:0] sum
);
    logic [TURNS*BITS-1:0] held;
    logic [BITS-1:0] more;
    sw_carry_add #(.BITS(BITS), .GENERIC(GENERIC)) u_add (
        .a(value), .b(held[TURNS*BITS-1-:BITS] & {BITS{~is_first}}), .carry_in(1'b0), .sum(more)
    );
    always_ff @(posedge clk) if (step) held <= (TURNS * BITS)'({held, more});
    assign sum = held[BITS-1:0];
endmodule
