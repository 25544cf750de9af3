// ELEMENTS sums over iterations of N operands each; DSP48 blocks take the last two operands and the sum before at once,
// and the adders of LEVELS - 1 levels of the tree in front (see sw_dsp_tree). CELL as in sw_dsp_add.
// In: N unsigned operands of BITS an element, N at least 2, element 0 and its operand 0 in the low bits; `accumulate`
// and `finish` as sw_accumulator has them behind a tree, and both a cycle before (_early); rst. Out: ELEMENTS sums of
// ACC_BITS, at most 24, modulo 2**ACC_BITS. Latency: accumulate and finish come clog2(N) cycles after the operands, y
// one cycle after them; it holds. Initiation interval: one cycle.
module sw_dsp_sums #(
    parameter int ELEMENTS = 1,
    parameter int N = 2,
    parameter int BITS = 9,
    parameter int ACC_BITS = 18,
    parameter int LEVELS = 1,
    parameter int CELL = 0,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic rst,
    input logic [ELEMENTS*N*BITS-1:0] value,
    input logic accumulate_early,
    input logic finish_early,
    input logic last,
    output logic [ELEMENTS*ACC_BITS-1:0] y
);
    localparam int WIDE = BITS + $clog2(N) - 1;
    localparam int TAKEN = WIDE < ACC_BITS ? WIDE : ACC_BITS;
    logic [ELEMENTS*2*WIDE-1:0] two;
    logic [ELEMENTS*TAKEN-1:0] a;
    logic [ELEMENTS*TAKEN-1:0] b;
    logic [ELEMENTS*ACC_BITS-1:0] sum;
    logic starts;
    sw_dsp_tree #(
        .ELEMENTS(ELEMENTS), .N(N), .BITS(BITS), .LEVELS(LEVELS), .CELL(CELL), .GENERIC(GENERIC)
    ) u_tree (
        .clk, .value, .last(two)
    );
    for (genvar e = 0; e < ELEMENTS; e++) begin : g_element
        assign a[e*TAKEN+:TAKEN] = two[2*e*WIDE+:TAKEN];
        assign b[e*TAKEN+:TAKEN] = two[(2*e+1)*WIDE+:TAKEN];
    end
    wire unused = ^two;
    sw_dsp_adds #(.COUNT(ELEMENTS), .BITS(TAKEN), .OUT_BITS(ACC_BITS), .ACCUMULATE(1), .CELL(CELL)) u_sums (
        .clk, .enable(accumulate_early), .starts, .a, .b, .sum
    );
    // the block holds a sum until the next one begins, y until the next one ends
    always_ff @(posedge clk) begin
        if (rst) starts <= 1'b1;
        else if (accumulate_early) starts <= finish_early;
        if (last) y <= sum;
    end
endmodule
