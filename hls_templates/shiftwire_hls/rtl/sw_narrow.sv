// A wide beat leaves as PARTS narrow ones, low codes first. Specification: the streams of shiftwire/schedule/
// In: beats of PARTS * WIDTH bits. Out: PARTS beats of WIDTH bits each.
// Latency: a part of a beat that is there in cycle t can be read in t + 1, with BLOCK in t + 2; the beat is let go with
// its last part. Initiation interval: one cycle a narrow beat, so PARTS cycles a wide one.
module sw_narrow #(
    parameter int WIDTH = 8,
    parameter int PARTS = 2,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [PARTS*WIDTH-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [WIDTH-1:0] m_data
);
    localparam int BITS = PARTS > 1 ? $clog2(PARTS) : 1;
    logic room, is_last;
    logic [BITS-1:0] part;
    logic [WIDTH-1:0] beat;
    wire fire = s_valid & room;
    assign s_ready = fire & is_last;

    sw_counter #(.STEPS(PARTS)) parts (.clk, .rst, .step(fire), .value(part), .last(is_last));
    sw_pick #(.COUNT(PARTS), .WIDTH(WIDTH)) of_beat (.words(s_data), .number(part), .word(beat));
    sw_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(fire), .push_data(beat), .m_valid, .m_ready, .m_data
    );
endmodule
