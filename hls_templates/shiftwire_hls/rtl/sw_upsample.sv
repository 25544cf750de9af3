// Every pixel several times: each of COLUMNS columns ACROSS times side by side, each of ROWS rows DOWN times one below the
// other; the first and last ones BEGIN_ and END_ times more. Specification: shiftwire/ops/upsample.py
// In: FOLDS beats of WIDTH bits a pixel. Out: the same beats as often as their pixels come.
// Latency: one pipeline stage; what is at work in cycle t can be read in t + 2, with BLOCK in t + 3. A beat is let go in
// the first of its uses. Initiation interval: one cycle a beat that leaves.
module sw_upsample #(
    parameter int WIDTH = 8,
    parameter int FOLDS = 1,
    parameter int ROWS = 2,
    parameter int COLUMNS = 2,
    parameter int DOWN = 2,
    parameter int ACROSS = 2,
    parameter int BEGIN_DOWN = 0,
    parameter int BEGIN_ACROSS = 0,
    parameter int END_DOWN = 0,
    parameter int END_ACROSS = 0,
    parameter bit ROW_BLOCK = 0,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0,
    localparam bit REPEATS_ROWS = DOWN + BEGIN_DOWN + END_DOWN > 1,
    localparam int WORDS = REPEATS_ROWS ? FOLDS * COLUMNS : FOLDS,
    localparam int PLACE = WORDS > 1 ? $clog2(WORDS) : 1
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [WIDTH-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [WIDTH-1:0] m_data
);
    localparam int DOWN_BITS = $clog2(DOWN + BEGIN_DOWN + END_DOWN + 1);
    localparam int ACROSS_BITS = $clog2(ACROSS + BEGIN_ACROSS + END_ACROSS + 1);
    logic room, ends_fold, ends_column, ends_image, is_live, was_fresh;
    logic [DOWN_BITS-1:0] down, last_down;
    logic [ACROSS_BITS-1:0] across, last_across;
    logic [(COLUMNS > 1 ? $clog2(COLUMNS) : 1)-1:0] column;
    logic [(ROWS > 1 ? $clog2(ROWS) : 1)-1:0] line;
    logic [PLACE-1:0] place, pixel, next_pixel;
    logic [WIDTH-1:0] fresh, kept;
    wire is_fresh = down == '0 & across == '0;
    wire fire = room & (s_valid | ~is_fresh);
    wire ends_repeat = across == last_across;
    wire ends_line = down == last_down;
    wire step_across = fire & ends_fold;
    wire step_column = step_across & ends_repeat;
    wire step_row = step_column & ends_column;
    assign s_ready = room & is_fresh;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(FOLDS)) folds (.clk, .rst, .step(fire), .value(), .last(ends_fold));
    sw_counter #(.STEPS(COLUMNS)) columns (.clk, .rst, .step(step_column), .value(column), .last(ends_column));
    sw_counter #(.STEPS(ROWS)) rows (.clk, .rst, .step(step_row & ends_line), .value(line), .last(ends_image));
    /* verilator lint_on PINCONNECTEMPTY */

    assign last_across = ACROSS_BITS'(
        ACROSS - 1 + (column == '0 ? BEGIN_ACROSS : 0) + (ends_column ? END_ACROSS : 0)
    );
    assign last_down = DOWN_BITS'(DOWN - 1 + (line == '0 ? BEGIN_DOWN : 0) + (ends_image ? END_DOWN : 0));
    always_ff @(posedge clk)
        if (rst) begin
            across <= '0;
            down <= '0;
        end else begin
            if (step_across) across <= ends_repeat ? '0 : across + 1'b1;
            if (step_row) down <= ends_line ? '0 : down + 1'b1;
        end

    // where the beats of a pixel lie in the line buffer, which holds one pixel where rows do not repeat
    assign next_pixel = step_row | !REPEATS_ROWS ? '0 : step_column ? pixel + PLACE'(FOLDS) : pixel;
    always_ff @(posedge clk) begin
        if (rst) begin
            place <= '0;
            pixel <= '0;
        end else if (fire) begin
            place <= ends_fold ? next_pixel : place + 1'b1;
            pixel <= next_pixel;
        end
        is_live <= fire & ~rst;
        was_fresh <= is_fresh;
        fresh <= s_data;
    end

    // what is stored leaves as it came; what is kept is read in later uses
    sw_memory #(.WIDTH(WIDTH), .WORDS(WORDS), .BLOCK(ROW_BLOCK)) row (
        .clk, .store(fire & is_fresh), .to(place), .given(s_data), .read(1'b1), .from(place), .data(kept)
    );

    sw_fifo #(.WIDTH(WIDTH), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire), .room, .push(is_live), .push_data(was_fresh ? fresh : kept),
        .m_valid, .m_ready, .m_data
    );
endmodule
