// Every pixel several times: each of COLUMNS columns ACROSS times side by side, each row DOWN times one below the other.
// Specification: shiftwire/ops/upsample.py
// In: FOLDS beats of WIDTH bits a pixel. Out: the same beats, DOWN * ACROSS times as many.
// Latency: one pipeline stage; what is at work in cycle t can be read in t + 2, with BLOCK in t + 3. A beat is let go in
// the first of its uses. Initiation interval: one cycle a beat that leaves.
module sw_upsample #(
    parameter int WIDTH = 8,
    parameter int FOLDS = 1,
    parameter int COLUMNS = 2,
    parameter int DOWN = 2,
    parameter int ACROSS = 2,
    parameter bit ROW_BLOCK = 0,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0,
    localparam int WORDS = DOWN > 1 ? FOLDS * COLUMNS : FOLDS,
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
    localparam int DOWN_BITS = DOWN > 1 ? $clog2(DOWN) : 1;
    localparam int ACROSS_BITS = ACROSS > 1 ? $clog2(ACROSS) : 1;
    logic room, ends_fold, ends_repeat, ends_column, is_live, was_fresh;
    logic [DOWN_BITS-1:0] down;
    logic [ACROSS_BITS-1:0] across;
    logic [PLACE-1:0] place, pixel, next_pixel;
    logic [WIDTH-1:0] fresh, kept;
    wire is_fresh = down == '0 & across == '0;
    wire fire = room & (s_valid | ~is_fresh);
    wire step_across = fire & ends_fold;
    wire step_column = step_across & ends_repeat;
    wire step_row = step_column & ends_column;
    assign s_ready = room & is_fresh;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(FOLDS)) folds (.clk, .rst, .step(fire), .value(), .last(ends_fold));
    sw_counter #(.STEPS(ACROSS)) repeats (.clk, .rst, .step(step_across), .value(across), .last(ends_repeat));
    sw_counter #(.STEPS(COLUMNS)) columns (.clk, .rst, .step(step_column), .value(), .last(ends_column));
    sw_counter #(.STEPS(DOWN)) rows (.clk, .rst, .step(step_row), .value(down), .last());
    /* verilator lint_on PINCONNECTEMPTY */

    // where the beats of a pixel lie in the line buffer, which holds one pixel where rows do not repeat
    assign next_pixel = step_row | DOWN == 1 ? '0 : step_column ? pixel + PLACE'(FOLDS) : pixel;
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
