// The larger of a code and 0; the result is unsigned. Specification: shiftwire/ops/relu.py
// In: beats of LANES codes, code 0 in the low bits. Out: as many beats of LANES codes.
// Latency: what is taken in cycle t can be read in t + 1, with BLOCK in t + 2. Initiation interval: one cycle a beat.
module sw_relu #(
    parameter int LANES = 1,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int OUT_BITS = 7,
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
    logic room;
    logic [LANES*OUT_BITS-1:0] codes;
    assign s_ready = room;
    wire fire = s_valid & room;

    genvar l;
    generate
        for (l = 0; l < LANES; l++) begin : lane
            logic [OUT_BITS-1:0] kept;
            sw_align #(.BITS(IN_BITS), .IS_SIGNED(0), .SHIFT(0), .OUT_BITS(OUT_BITS)) low (
                .code(s_data[l*IN_BITS+:IN_BITS]), .moved(kept)
            );
            wire is_negative = IN_SIGNED & s_data[(l+1)*IN_BITS-1];
            assign codes[l*OUT_BITS+:OUT_BITS] = kept & {OUT_BITS{~is_negative}};
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(fire), .push_data(codes), .m_valid, .m_ready, .m_data
    );
endmodule
