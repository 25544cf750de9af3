// A staircase for each channel, found by a search of STAGES comparisons: count = thresholds that x reaches.
// The ROM of stage i, in the file FILE_<letter i>.mem, holds for each channel its 2**i thresholds at that level; with
// LEVELS, FILE_y.mem holds for each channel its 2**STAGES outputs, else y = BASE + count.
// Specification: shiftwire/ops/threshold.py
// In: beats of LANES codes, code 0 in the low bits, CHANNELS / LANES beats a pixel. Out: as many beats of LANES codes.
// Latency: STAGES pipeline stages, one more with LEVELS; a beat can be read the cycle after these, with BLOCK one
// later.
// Initiation interval: one cycle a beat.
module sw_threshold #(
    parameter int LANES = 1,
    parameter int CHANNELS = 4,
    parameter int STAGES = 4,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int BOUND_BITS = 9,
    parameter int OUT_BITS = 4,
    parameter bit LEVELS = 0,
    parameter int BASE = 0,
    parameter FILE = "",
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [LANES*IN_BITS-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [LANES*OUT_BITS-1:0] m_data
);
    localparam int FOLDS = CHANNELS / LANES;
    localparam int CHANNEL_BITS = CHANNELS > 1 ? $clog2(CHANNELS) : 1;
    localparam int LATE = LEVELS ? STAGES : STAGES - 1;
    logic room, fold_end;
    logic [CHANNEL_BITS-1:0] first;  // channel of the first lane, counted in steps of LANES: no product
    logic [LATE:0] is_live;
    logic [LANES*OUT_BITS-1:0] codes;
    assign s_ready = room;
    wire fire = s_valid & room;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(FOLDS)) folds (.clk, .rst, .step(fire), .value(), .last(fold_end));
    /* verilator lint_on PINCONNECTEMPTY */
    always_ff @(posedge clk)
        if (rst) first <= '0;
        else if (fire) first <= fold_end ? '0 : first + CHANNEL_BITS'(LANES);
    generate
        if (LATE == 0) begin : short_
            always_ff @(posedge clk) is_live <= fire & ~rst;
        end else begin : long_
            always_ff @(posedge clk) is_live <= rst ? '0 : {is_live[LATE-1:0], fire};
        end
    endgenerate

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            sw_staircase #(
                .CHANNELS(CHANNELS), .LANE(l), .STAGES(STAGES), .IN_BITS(IN_BITS), .IN_SIGNED(IN_SIGNED),
                .BOUND_BITS(BOUND_BITS), .OUT_BITS(OUT_BITS), .LEVELS(LEVELS), .BASE(BASE), .FILE(FILE)
            ) staircase (
                .clk, .first, .code(s_data[l*IN_BITS+:IN_BITS]), .y(codes[l*OUT_BITS+:OUT_BITS])
            );
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(is_live[LATE]), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
