// PARTS narrow beats leave as one wide beat, the first in the low codes. Specification: the streams of
// shiftwire/schedule/
// In: PARTS beats of WIDTH bits. Out: a beat of PARTS * WIDTH bits.
// Latency: the wide beat can be read the cycle after its last part was taken, with BLOCK one later. Initiation
// interval: one cycle a narrow beat, so PARTS cycles a wide one.
module sw_widen #(
    parameter int WIDTH = 8,
    parameter int PARTS = 2,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [WIDTH-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [PARTS*WIDTH-1:0] m_data
);
    logic room, is_last;
    logic [(PARTS-1)*WIDTH-1:0] held;
    logic [PARTS*WIDTH-1:0] word;
    assign word = {s_data, held};
    assign s_ready = ~is_last | room;
    wire fire = s_valid & s_ready;
    wire give = fire & is_last;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(PARTS)) parts (.clk, .rst, .step(fire), .value(), .last(is_last));
    /* verilator lint_on PINCONNECTEMPTY */
    // parts enter at the top and sink, so that no register needs a choice in front of it
    always_ff @(posedge clk) if (fire & ~is_last) held <= word[PARTS*WIDTH-1:WIDTH];

    sw_fifo #(.WIDTH(PARTS * WIDTH), .DEPTH(DEPTH), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(give), .room, .push(give), .push_data(word), .m_valid, .m_ready, .m_data
    );
endmodule
