// One lane of sw_affine: y = (is_first ? bias : y) + (sum of signed shifts of x) << GRID, where accumulate.
// In: a code of IN_BITS and TERMS terms {zero, sign, exponent}, the first lowest. Out: a code of OUT_BITS.
// Latency: accumulate, is_first and bias come 1 + clog2(TERMS) cycles after x and terms, y the cycle after these.
// Initiation interval: one cycle a step. Specification: shiftwire/ops/affine.py
module sw_scale #(
    parameter int TERMS = 1,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int WINDOW_BITS = 3,
    parameter int GRID = 0,
    parameter int OUT_BITS = 16,
    parameter bit GENERIC = 1,
    localparam int TERM = WINDOW_BITS + 2
) (
    input logic clk,
    input logic [IN_BITS-1:0] x,
    input logic [TERMS*TERM-1:0] terms,
    input logic accumulate,
    input logic is_first,
    input logic [OUT_BITS-1:0] bias,
    output logic [OUT_BITS-1:0] y
);
    logic [OUT_BITS-1:0] wide, sum;
    logic [TERMS*OUT_BITS-1:0] shifted;
    logic [TERMS-1:0] sign;
    logic sum_negate_early, negate;
    sw_align #(.BITS(IN_BITS), .IS_SIGNED(IN_SIGNED), .SHIFT(GRID), .OUT_BITS(OUT_BITS)) grid (.code(x), .moved(wide));

    genvar t;
    generate
        for (t = 0; t < TERMS; t++) begin : term
            wire [TERM-1:0] code = terms[t*TERM+:TERM];
            logic [OUT_BITS-1:0] moved;
            if (WINDOW_BITS > 0) begin : many
                assign moved = wide << code[WINDOW_BITS-1:0];
            end else begin : one
                assign moved = wide;
            end
            assign sign[t] = code[TERM-2];
            always_ff @(posedge clk) shifted[t*OUT_BITS+:OUT_BITS] <= moved & {OUT_BITS{~code[TERM-1]}};
        end
    endgenerate

    /* verilator lint_off PINCONNECTEMPTY */
    sw_tree #(.N(TERMS), .BITS(OUT_BITS), .SIGNED(1), .OUT_BITS(OUT_BITS), .GENERIC(GENERIC)) tree (
        .clk, .value(shifted), .negate_early(sign), .carry({TERMS{1'b0}}), .sum, .sum_negate_early, .sum_carry()
    );
    /* verilator lint_on PINCONNECTEMPTY */
    wire [OUT_BITS-1:0] from = is_first ? bias : y;
    always_ff @(posedge clk) begin
        negate <= sum_negate_early;
        if (accumulate) y <= negate ? from - sum : from + sum;
    end
endmodule
