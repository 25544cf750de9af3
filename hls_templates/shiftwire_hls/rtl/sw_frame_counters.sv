// What a board is measured by: cycles since reset, frames read and written, the interval and the latency of frames.
// interval: cycles between the last words of the two latest frames written. latency: cycles from the first word read to
// the last word written of the latest frame that found nothing else inside. Both are 0 until there was one, modulo
// 2**32.
// In: pulses of the first and last word of a frame in, and of the last out. Out: counts, a cycle after their pulses.
// Initiation interval: one cycle. Specification: shiftwire/rtl/registers.py
module sw_frame_counters (
    input  logic        clk,
    input  logic        rst,
    input  logic        between_frames,
    input  logic        frame_first,
    input  logic        frame_last,
    input  logic        frame_out,
    output logic        idle,
    output logic [63:0] cycles,
    output logic [31:0] frames_in,
    output logic [31:0] frames_out,
    output logic [31:0] interval,
    output logic [31:0] latency
);
    logic [31:0] since_out;
    logic [31:0] since_first;
    logic        one_left;
    logic        alone;

    assign idle = between_frames && frames_in == frames_out;

    always_ff @(posedge clk) begin
        cycles      <= cycles + 1'b1;
        since_out   <= frame_out ? 32'd1 : since_out + 1'b1;
        since_first <= frame_first && idle ? 32'd1 : since_first + 1'b1;
        if (frame_last) frames_in <= frames_in + 1'b1;
        if (frame_out) begin
            frames_out <= frames_out + 1'b1;
            one_left   <= 1'b1;
            alone      <= 1'b0;
            if (one_left) interval <= since_out;
            if (alone) latency <= since_first;
        end
        if (frame_first && idle) alone <= 1'b1;
        if (rst) begin
            cycles     <= '0;
            frames_in  <= '0;
            frames_out <= '0;
            interval   <= '0;
            latency    <= '0;
            one_left   <= 1'b0;
            alone      <= 1'b0;
        end
    end
endmodule
