// The same values on another grid, in another range: DROP > 0 removes fraction bits, DROP < 0 adds them; rounds down,
// half up or half to even, then saturates or wraps. Specification: shiftwire/numbers/fixed.py, requantize
// In: beats of LANES codes, code 0 in the low bits. Out: as many beats of LANES codes.
// Latency: one pipeline stage; a beat can be read the cycle after it, with BLOCK one later. Initiation interval: one
// cycle a beat.
module sw_requantize #(
    parameter int LANES = 1,
    parameter int IN_BITS = 16,
    parameter bit IN_SIGNED = 1,
    parameter int DROP = 4,
    parameter bit HALF_UP = 0,
    parameter bit HALF_EVEN = 0,
    parameter bit SATURATE = 1,
    parameter int OUT_BITS = 8,
    parameter bit OUT_SIGNED = 1,
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
    logic room, is_given;
    logic [LANES*OUT_BITS-1:0] codes;
    assign s_ready = room;
    wire fire = s_valid & room;

    always_ff @(posedge clk) is_given <= fire & ~rst;

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            sw_round #(
                .IN_BITS(IN_BITS), .IN_SIGNED(IN_SIGNED), .DROP(DROP), .HALF_UP(HALF_UP), .HALF_EVEN(HALF_EVEN),
                .SATURATE(SATURATE), .OUT_BITS(OUT_BITS), .OUT_SIGNED(OUT_SIGNED)
            ) round (
                .clk, .code(s_data[l*IN_BITS+:IN_BITS]), .rounded(codes[l*OUT_BITS+:OUT_BITS])
            );
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(is_given), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
