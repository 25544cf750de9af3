// The exact product of two tensors; FOLDS beats of the second one are those of all PIXELS pixels of the first, taken with
// the first pixel and kept. With PIXELS 1 every beat meets one of its own. DSP asks for one multiplier block a lane, else
// LUTs alone. Specification: shiftwire/ops/add.py
// In: beats of LANES codes of a and of b, code 0 in the low bits, taken in the same cycle. Out: beats of LANES products.
// Latency: three pipeline stages; what is taken in cycle t can be read in t + 4, with BLOCK in t + 5.
// Initiation interval: one cycle a beat.
module sw_multiply #(
    parameter int LANES = 1,
    parameter int FOLDS = 1,
    parameter int PIXELS = 2,
    parameter int A_BITS = 8,
    parameter bit A_SIGNED = 1,
    parameter int B_BITS = 8,
    parameter bit B_SIGNED = 1,
    parameter int OUT_BITS = 16,
    parameter bit KEPT_BLOCK = 0,
    parameter bit DSP = 0,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0,
    localparam int PLACE = FOLDS > 1 ? $clog2(FOLDS) : 1
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
    localparam int PIXEL_BITS = PIXELS > 1 ? $clog2(PIXELS) : 1;
    logic room, ends_pixel, was_fresh;
    logic [2:0] is_live;
    logic [PLACE-1:0] fold;
    logic [PIXEL_BITS-1:0] pixel;
    logic [LANES*A_BITS-1:0] a;
    logic [LANES*B_BITS-1:0] fresh, kept;
    logic [LANES-1:0] owed;
    logic [LANES*OUT_BITS-1:0] products;
    wire is_fresh = pixel == '0;
    wire fire = s_valid & (s_valid_b | ~is_fresh) & room;
    assign s_ready = fire;
    assign s_ready_b = fire & is_fresh;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(FOLDS)) folds (.clk, .rst, .step(fire), .value(fold), .last(ends_pixel));
    sw_counter #(.STEPS(PIXELS)) pixels (.clk, .rst, .step(fire & ends_pixel), .value(pixel), .last());
    /* verilator lint_on PINCONNECTEMPTY */

    always_ff @(posedge clk) begin
        is_live <= rst ? '0 : {is_live[1:0], fire};
        was_fresh <= is_fresh;
        a <= s_data;
        fresh <= s_data_b;
    end
    // what is stored is at work as it came; what is kept is read for later pixels
    sw_memory #(.WIDTH(LANES * B_BITS), .WORDS(FOLDS), .BLOCK(KEPT_BLOCK)) factors (
        .clk, .store(fire & is_fresh), .to(fold), .given(s_data_b), .read(1'b1), .from(fold), .data(kept)
    );
    wire [LANES*B_BITS-1:0] b = was_fresh ? fresh : kept;

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            sw_product #(
                .X_BITS(A_BITS), .X_SIGNED(A_SIGNED), .W_BITS(B_BITS), .W_SIGNED(B_SIGNED), .BITS(OUT_BITS), .DSP(DSP)
            ) of_lane (
                .clk, .x(a[l*A_BITS+:A_BITS]), .w(b[l*B_BITS+:B_BITS]), .product(products[l*OUT_BITS+:OUT_BITS]),
                .owed(owed[l])
            );
        end
    endgenerate
    wire unused = ^owed; // plain operators owe nothing

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(is_live[2]), .push_data(products), .m_valid, .m_ready, .m_data
    );
endmodule
