// The sum of two tensors on the finer of their grids. Specification: shiftwire/ops/add.py
// In: beats of LANES codes of a and of b, code 0 in the low bits, taken in the same cycle. Out: beats of LANES sums.
// Latency: what is taken in cycle t can be read in t + 1, with BLOCK in t + 2. Initiation interval: one cycle a beat.
module sw_add #(
    parameter int LANES = 1,
    parameter int A_BITS = 8,
    parameter bit A_SIGNED = 1,
    parameter int SHIFT_A = 0,
    parameter int B_BITS = 8,
    parameter bit B_SIGNED = 1,
    parameter int SHIFT_B = 0,
    parameter int OUT_BITS = 9,
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
    logic room;
    logic [LANES*OUT_BITS-1:0] sums;
    wire fire = s_valid & s_valid_b & room;
    assign s_ready = fire;
    assign s_ready_b = fire;

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
            assign sums[l*OUT_BITS+:OUT_BITS] = a + b;
        end
    endgenerate

    sw_fifo #(.WIDTH(LANES * OUT_BITS), .DEPTH(DEPTH), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(fire), .push_data(sums), .m_valid, .m_ready, .m_data
    );
endmodule
