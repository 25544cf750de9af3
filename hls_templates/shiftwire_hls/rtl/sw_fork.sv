// Every beat goes two ways. Specification: the streams of shiftwire/schedule/
// In: beats of WIDTH bits. Out: the same beats twice, each way with a FIFO of its own; the slower reader holds both up.
// Latency: what is taken in cycle t can be read in t + 1, with BLOCK or BLOCK_B in t + 2. Initiation interval: one
// cycle a beat.
module sw_fork #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 2,
    parameter int DEPTH_B = 2,
    parameter bit BLOCK = 0,
    parameter bit BLOCK_B = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [WIDTH-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [WIDTH-1:0] m_data,
    output logic m_valid_b,
    input logic m_ready_b,
    output logic [WIDTH-1:0] m_data_b
);
    logic room, room_b;
    assign s_ready = room & room_b;
    wire fire = s_valid & s_ready;

    sw_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(fire), .push_data(s_data), .m_valid, .m_ready, .m_data
    );
    sw_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH_B), .BLOCK(BLOCK_B)) fifo_b (
        .clk, .rst, .reserve(fire), .room(room_b), .push(fire), .push_data(s_data),
        .m_valid(m_valid_b), .m_ready(m_ready_b), .m_data(m_data_b)
    );
endmodule
