// Sliding windows of an image, padded and strided, as a stream of taps. Specification: shiftwire/ir/window.py
//
// Two sides work at their own pace on a line buffer, a ring of 2**RING_BITS words (LANES channels each): one stores
// rows while the ring has room for a whole row, the other gives windows while all rows that a row of windows reads are
// there, and lets go of those that no later one reads.
// In: pixels in row order, BLOCKS * CHUNKS beats of LANES channels each, code 0 in the low bits. Out: for each
// position, for each block of channels, the taps (KERNEL_HEIGHT, KERNEL_WIDTH, block), TAPS of LANES channels a beat; a
// padded tap has the code FILL. Each tap comes of TOGETHER positions side by side in turn, which divide OUT_WIDTH.
// Latency: two pipeline stages from the iteration that gives a beat, three without RING_BLOCK; it can be read the cycle
// after these, with BLOCK one later. Initiation interval: one cycle a beat on either side.
module sw_window #(
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
    parameter int BLOCKS = 1,
    parameter int CHUNKS = 2,
    parameter int TAPS = 1,
    parameter int TOGETHER = 1,
    parameter int LANES = 1,
    parameter int CODE_BITS = 8,
    parameter logic [CODE_BITS-1:0] FILL = '0,
    parameter int RING_BITS = 6,
    parameter bit RING_BLOCK = 1,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0,
    localparam int WORD = LANES * CODE_BITS
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [WORD-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [TAPS*WORD-1:0] m_data
);
    localparam int PIXEL = BLOCKS * CHUNKS;
    localparam int ROW = IN_WIDTH * PIXEL;
    localparam int CAPACITY = (1 << RING_BITS) / ROW;
    localparam int GROUPS = KERNEL_HEIGHT * KERNEL_WIDTH / TAPS;
    localparam int GROUP_BITS = GROUPS > 1 ? $clog2(GROUPS) : 1;
    localparam int X_BITS = OUT_WIDTH > 1 ? $clog2(OUT_WIDTH) : 1;
    localparam int Y_BITS = OUT_HEIGHT > 1 ? $clog2(OUT_HEIGHT) : 1;
    // rows stored less rows let go, which may run ahead by the rows at the end of a frame that no window reads
    localparam int COUNT_BITS = $clog2(CAPACITY + IN_HEIGHT + KERNEL_HEIGHT + 1) + 1;

    // first image row that a row of windows reads, and the one behind its last; windows of padding alone wait for one row,
    // so that no frame leaves before it comes
    function automatic int first_row(input int y);
        first_row = y == OUT_HEIGHT || y * STRIDE_HEIGHT - PAD_TOP > IN_HEIGHT ? IN_HEIGHT
                  : y * STRIDE_HEIGHT < PAD_TOP ? 0 : y * STRIDE_HEIGHT - PAD_TOP;
    endfunction
    function automatic int end_row(input int y);
        end_row = y * STRIDE_HEIGHT - PAD_TOP + KERNEL_HEIGHT > IN_HEIGHT ? IN_HEIGHT
                : y * STRIDE_HEIGHT + KERNEL_HEIGHT < PAD_TOP + 1 ? 1 : y * STRIDE_HEIGHT - PAD_TOP + KERNEL_HEIGHT;
    endfunction

    // rows that there is room for, less one, and rows that are there beyond those that are needed: both by their signs
    logic signed [COUNT_BITS-1:0] spare, beyond;
    logic [COUNT_BITS-1:0] gone, asked;
    localparam int STAGES = RING_BLOCK ? 2 : 3;
    logic row_stored, room;
    logic [STAGES-1:0] is_live;
    logic [RING_BITS-1:0] to;

    // storing
    assign s_ready = ~spare[COUNT_BITS-1];
    wire store = s_valid & s_ready;
    logic is_row_end;
    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(ROW)) words (.clk, .rst, .step(store), .value(), .last(is_row_end));
    /* verilator lint_on PINCONNECTEMPTY */
    assign row_stored = store & is_row_end;
    always_ff @(posedge clk)
        if (rst) to <= '0;
        else if (store) to <= to + 1'b1;

    // giving: chunk by chunk, tap group by tap group, block by block, position by position
    logic turn_end, chunk_end, group_end, block_end, x_end, y_end;
    logic [GROUP_BITS-1:0] group;
    logic [X_BITS-1:0] x;
    logic [Y_BITS-1:0] y;
    // positions of a row, by as many as come in turn
    localparam int STRETCHES = OUT_WIDTH / TOGETHER;
    localparam int STRETCH_BITS = STRETCHES > 1 ? $clog2(STRETCHES) : 1;
    localparam int TURN_BITS = TOGETHER > 1 ? $clog2(TOGETHER) : 1;
    logic [STRETCH_BITS-1:0] stretch;
    logic [TURN_BITS-1:0] turn;
    generate
        if (TOGETHER > 1) begin : by_turns
            assign x = X_BITS'(32'(stretch) * TOGETHER + 32'(turn));
        end else begin : alone
            assign x = stretch;
            wire unused = ^turn;
        end
    endgenerate
    wire fire = room & ~beyond[COUNT_BITS-1];
    wire turn_step = fire & chunk_end;
    wire group_step = turn_step & turn_end;
    wire block_step = group_step & group_end;
    wire x_step = block_step & block_end;
    wire y_step = x_step & x_end;
    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(CHUNKS)) chunks (.clk, .rst, .step(fire), .value(), .last(chunk_end));
    sw_counter #(.STEPS(TOGETHER)) turns (.clk, .rst, .step(turn_step), .value(turn), .last(turn_end));
    sw_counter #(.STEPS(GROUPS)) groups (.clk, .rst, .step(group_step), .value(group), .last(group_end));
    sw_counter #(.STEPS(BLOCKS)) blocks (.clk, .rst, .step(block_step), .value(), .last(block_end));
    /* verilator lint_on PINCONNECTEMPTY */
    sw_counter #(.STEPS(STRETCHES)) columns (.clk, .rst, .step(x_step), .value(stretch), .last(x_end));
    sw_counter #(.STEPS(OUT_HEIGHT)) rows (.clk, .rst, .step(y_step), .value(y), .last(y_end));

    // what a row of windows lets go, and how much more the next one needs beside that
    logic [OUT_HEIGHT*2*COUNT_BITS-1:0] steps;
    genvar r;
    generate
        for (r = 0; r < OUT_HEIGHT; r++) begin : per_row
            localparam int GOES = first_row(r + 1) - first_row(r);
            localparam int NEXT = r + 1 == OUT_HEIGHT ? 0 : r + 1;
            localparam int GROWS = end_row(NEXT) - first_row(NEXT) - (end_row(r) - first_row(r));
            assign steps[r*2*COUNT_BITS+:2*COUNT_BITS] = {COUNT_BITS'(GOES), COUNT_BITS'(GOES + GROWS)};
        end
    endgenerate
    sw_pick #(.COUNT(OUT_HEIGHT), .WIDTH(2 * COUNT_BITS)) of_row (.words(steps), .number(y), .word({gone, asked}));
    always_ff @(posedge clk)
        if (rst) begin
            spare <= COUNT_BITS'(CAPACITY - 1);
            beyond <= COUNT_BITS'(first_row(0) - end_row(0));
        end else begin
            spare <= spare - COUNT_BITS'(row_stored) + (y_step ? gone : '0);
            beyond <= beyond + COUNT_BITS'(row_stored) - (y_step ? asked : '0);
        end

    // where the first tap of the position lies, for this chunk of channels; the ring wraps by itself
    localparam logic [RING_BITS-1:0] START = RING_BITS'(-PAD_TOP * ROW - PAD_LEFT * PIXEL);
    localparam int TURN = STRIDE_WIDTH * PIXEL;
    localparam int BACK = (TOGETHER - 1) * TURN;
    localparam int NEXT_X = TOGETHER * TURN;
    localparam int NEXT_Y = STRIDE_HEIGHT * ROW - (STRETCHES - 1) * NEXT_X;
    localparam int NEXT_FRAME = (IN_HEIGHT - (OUT_HEIGHT - 1) * STRIDE_HEIGHT) * ROW - (STRETCHES - 1) * NEXT_X;
    logic [RING_BITS-1:0] at, move;
    always_comb begin
        if (!chunk_end) move = RING_BITS'(1);
        else if (!turn_end) move = RING_BITS'(1 - CHUNKS + TURN);
        else if (!group_end) move = RING_BITS'(1 - CHUNKS - BACK);
        else if (!block_end) move = RING_BITS'(1 - BACK);
        else if (!x_end) move = RING_BITS'(NEXT_X - PIXEL + 1 - BACK);
        else if (!y_end) move = RING_BITS'(NEXT_Y - PIXEL + 1 - BACK);
        else move = RING_BITS'(NEXT_FRAME - PIXEL + 1 - BACK);
    end
    always_ff @(posedge clk) begin
        if (rst) at <= START;
        else if (fire) at <= at + move;
        is_live <= rst ? '0 : {is_live[STAGES-2:0], fire};
    end

    logic [TAPS*WORD-1:0] taps;
    genvar t;
    generate
        for (t = 0; t < TAPS; t++) begin : tap
            sw_window_tap #(
                .IN_HEIGHT(IN_HEIGHT), .IN_WIDTH(IN_WIDTH), .OUT_HEIGHT(OUT_HEIGHT), .OUT_WIDTH(OUT_WIDTH),
                .KERNEL_HEIGHT(KERNEL_HEIGHT), .KERNEL_WIDTH(KERNEL_WIDTH), .STRIDE_HEIGHT(STRIDE_HEIGHT),
                .STRIDE_WIDTH(STRIDE_WIDTH), .PAD_TOP(PAD_TOP), .PAD_LEFT(PAD_LEFT), .PIXEL(PIXEL), .TAPS(TAPS), .TAP(t),
                .WORD(WORD), .FILL({LANES{FILL}}), .RING_BITS(RING_BITS), .RING_BLOCK(RING_BLOCK)
            ) reader (
                .clk, .store, .to, .s_data, .at, .group, .x, .y, .word(taps[t*WORD+:WORD])
            );
        end
    endgenerate

    sw_fifo #(.WIDTH(TAPS * WORD), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(is_live[STAGES-1]), .push_data(taps), .m_valid, .m_ready, .m_data
    );
endmodule
