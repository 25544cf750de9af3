// One tap of sw_window: its own copy of the line buffer, read at `at` plus the place of tap group * TAPS + TAP in the
// kernel; FILL outside the image. In: a word of WORD bits to store, and where to read. Out: a word, LANES codes.
// Latency: two cycles, three where the ring is no block RAM: behind a ring in LUTs comes a multiplexer, so the address
// waits in a register. Initiation interval: one cycle. Specification: shiftwire/ir/window.py
module sw_window_tap #(
    parameter int IN_HEIGHT = 8,
    parameter int IN_WIDTH = 8,
    parameter int OUT_HEIGHT = 8,
    parameter int OUT_WIDTH = 8,
    parameter int KERNEL_HEIGHT = 3,
    parameter int KERNEL_WIDTH = 3,
    parameter int STRIDE_HEIGHT = 1,
    parameter int STRIDE_WIDTH = 1,
    parameter int PAD_TOP = 1,
    parameter int PAD_LEFT = 1,
    parameter int PIXEL = 1,
    parameter int TAPS = 1,
    parameter int TAP = 0,
    parameter int WORD = 8,
    parameter logic [WORD-1:0] FILL = '0,
    parameter int RING_BITS = 6,
    parameter bit RING_BLOCK = 1,
    localparam int GROUPS = KERNEL_HEIGHT * KERNEL_WIDTH / TAPS,
    localparam int GROUP_BITS = GROUPS > 1 ? $clog2(GROUPS) : 1,
    localparam int X_BITS = OUT_WIDTH > 1 ? $clog2(OUT_WIDTH) : 1,
    localparam int Y_BITS = OUT_HEIGHT > 1 ? $clog2(OUT_HEIGHT) : 1
) (
    input logic clk,
    input logic store,
    input logic [RING_BITS-1:0] to,
    input logic [WORD-1:0] s_data,
    input logic [RING_BITS-1:0] at,
    input logic [GROUP_BITS-1:0] group,
    input logic [X_BITS-1:0] x,
    input logic [Y_BITS-1:0] y,
    output logic [WORD-1:0] word
);
    // where the taps of a group lie, and whether a kernel row (or column) lies outside the image, for each position: a table a kernel row
    localparam int I_BITS = KERNEL_HEIGHT > 1 ? $clog2(KERNEL_HEIGHT) : 1;
    localparam int J_BITS = KERNEL_WIDTH > 1 ? $clog2(KERNEL_WIDTH) : 1;
    localparam int PLACE_BITS = RING_BITS + I_BITS + J_BITS;
    logic [GROUPS*PLACE_BITS-1:0] places;
    logic [OUT_HEIGHT*KERNEL_HEIGHT-1:0] rows_outside;
    logic [OUT_WIDTH*KERNEL_WIDTH-1:0] columns_outside;
    genvar g, p, k;
    generate
        for (g = 0; g < GROUPS; g++) begin : place
            localparam int I = (g * TAPS + TAP) / KERNEL_WIDTH;
            localparam int J = (g * TAPS + TAP) % KERNEL_WIDTH;
            localparam int OFFSET = I * IN_WIDTH * PIXEL + J * PIXEL;
            assign places[g*PLACE_BITS+:PLACE_BITS] = {RING_BITS'(OFFSET), I_BITS'(I), J_BITS'(J)};
        end
        for (p = 0; p < OUT_HEIGHT; p++) begin : row
            for (k = 0; k < KERNEL_HEIGHT; k++) begin : tap
                localparam int V = p * STRIDE_HEIGHT - PAD_TOP + k;
                assign rows_outside[p*KERNEL_HEIGHT+k] = V < 0 || V >= IN_HEIGHT;
            end
        end
        for (p = 0; p < OUT_WIDTH; p++) begin : column
            for (k = 0; k < KERNEL_WIDTH; k++) begin : tap
                localparam int U = p * STRIDE_WIDTH - PAD_LEFT + k;
                assign columns_outside[p*KERNEL_WIDTH+k] = U < 0 || U >= IN_WIDTH;
            end
        end
    endgenerate
    logic [RING_BITS-1:0] offset;
    logic [I_BITS-1:0] i;
    logic [J_BITS-1:0] j;
    logic [KERNEL_HEIGHT-1:0] row_outside;
    logic [KERNEL_WIDTH-1:0] column_outside;
    sw_pick #(.COUNT(GROUPS), .WIDTH(PLACE_BITS)) of_group (
        .words(places), .number(group), .word({offset, i, j})
    );
    sw_pick #(.COUNT(OUT_HEIGHT), .WIDTH(KERNEL_HEIGHT)) of_row (.words(rows_outside), .number(y), .word(row_outside));
    sw_pick #(.COUNT(OUT_WIDTH), .WIDTH(KERNEL_WIDTH)) of_column (
        .words(columns_outside), .number(x), .word(column_outside)
    );
    wire is_outside = row_outside[i] | column_outside[j];
    wire [RING_BITS-1:0] place_at = at + offset;
    logic [RING_BITS-1:0] from;
    logic is_from_outside;
    sw_delay #(.WIDTH(RING_BITS + 1), .CYCLES(RING_BLOCK ? 0 : 1)) until_read (
        .clk, .from({is_outside, place_at}), .to({is_from_outside, from})
    );

    // no row is written while it is read; what a block RAM gives comes late in its cycle, so a register follows at once
    logic [WORD-1:0] read;
    logic was_outside;
    always_ff @(posedge clk) begin
        was_outside <= is_from_outside;
        if (was_outside) word <= FILL;
        else word <= read;
    end
    sw_memory #(.WIDTH(WORD), .WORDS(1 << RING_BITS), .BLOCK(RING_BLOCK)) ring (
        .clk, .store, .to, .given(s_data), .read(1'b1), .from, .data(read)
    );
endmodule
