// The channels of one tensor behind those of another, on the finer of their grids.
// Specification: shiftwire/ops/concat.py
// In: for each pixel FOLDS_A beats of a, then FOLDS_B beats of b, LANES codes each, code 0 in the low bits. Out: the
// same beats in that order.
// Latency: what is taken in cycle t can be read in t + 1, with BLOCK in t + 2. Initiation interval: one cycle a beat.
module sw_concat #(
    parameter int LANES = 1,
    parameter int FOLDS_A = 1,
    parameter int FOLDS_B = 1,
    parameter int A_BITS = 8,
    parameter bit A_SIGNED = 1,
    parameter int SHIFT_A = 0,
    parameter int B_BITS = 8,
    parameter bit B_SIGNED = 1,
    parameter int SHIFT_B = 0,
    parameter int OUT_BITS = 8,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [LANES*A_BITS-1:0] s_data,
    input logic s_valid_b,
    output logic s_ready_b,
    input logic [LANES*B_BITS-1:0] s_data_b,
    output logic m_valid,
    input logic m_ready,
    output logic [LANES*OUT_BITS-1:0] m_data
);
    localparam int FOLD_BITS = $clog2(FOLDS_A + FOLDS_B);
    logic room;
    logic [FOLD_BITS-1:0] fold;
    logic [LANES*OUT_BITS-1:0] codes;
    wire is_a = fold < FOLD_BITS'(FOLDS_A);
    wire fire = room & (is_a ? s_valid : s_valid_b);
    assign s_ready = room & is_a;
    assign s_ready_b = room & ~is_a;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(FOLDS_A + FOLDS_B)) folds (.clk, .rst, .step(fire), .value(fold), .last());
    /* verilator lint_on PINCONNECTEMPTY */

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            logic [OUT_BITS-1:0] a, b;
            sw_align #(.BITS(A_BITS), .IS_SIGNED(A_SIGNED), .SHIFT(SHIFT_A), .OUT_BITS(OUT_BITS)) left (
                .code(s_data[l*A_BITS+:A_BITS]), .moved(a)
            );
            sw_align #(.BITS(B_BITS), .IS_SIGNED(B_SIGNED), .SHIFT(SHIFT_B), .OUT_BITS(OUT_BITS)) right (
                .code(s_data_b[l*B_BITS+:B_BITS]), .moved(b)
            );
            assign codes[l*OUT_BITS+:OUT_BITS] = is_a ? a : b;
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(fire), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
