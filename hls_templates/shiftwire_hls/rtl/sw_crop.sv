// Some rows, columns and channels of an image; the others end here. Specification: shiftwire/ops/moves.py
// In: for each of ROWS * COLUMNS pixels FOLDS beats of LANES codes, code 0 in the low bits. Out: TAKEN codes from
// FIRST_LANE on of the beats whose row, column and place in the pixel are from BEGIN to before END.
// Latency: what is taken in cycle t can be read in t + 1, with BLOCK in t + 2. Initiation interval: one cycle a beat of
// the whole image.
module sw_crop #(
    parameter int LANES = 1,
    parameter int FIRST_LANE = 0,
    parameter int TAKEN = 1,
    parameter int CODE_BITS = 8,
    parameter int ROWS = 2,
    parameter int COLUMNS = 2,
    parameter int FOLDS = 1,
    parameter int ROW_BEGIN = 0,
    parameter int ROW_END = 2,
    parameter int COLUMN_BEGIN = 0,
    parameter int COLUMN_END = 2,
    parameter int FOLD_BEGIN = 0,
    parameter int FOLD_END = 1,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [LANES*CODE_BITS-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [TAKEN*CODE_BITS-1:0] m_data
);
    logic room, ends_pixel, ends_row, in_pixel, in_row, in_image;
    wire passes = in_pixel & in_row & in_image;
    assign s_ready = room | ~passes;
    wire fire = s_valid & s_ready;
    wire give = fire & passes;

    /* verilator lint_off PINCONNECTEMPTY */
    sw_span #(.STEPS(FOLDS), .BEGIN(FOLD_BEGIN), .END(FOLD_END)) folds (
        .clk, .rst, .step(fire), .is_in(in_pixel), .last(ends_pixel)
    );
    sw_span #(.STEPS(COLUMNS), .BEGIN(COLUMN_BEGIN), .END(COLUMN_END)) columns (
        .clk, .rst, .step(fire & ends_pixel), .is_in(in_row), .last(ends_row)
    );
    sw_span #(.STEPS(ROWS), .BEGIN(ROW_BEGIN), .END(ROW_END)) rows (
        .clk, .rst, .step(fire & ends_pixel & ends_row), .is_in(in_image), .last()
    );
    /* verilator lint_on PINCONNECTEMPTY */

    /* verilator lint_off UNUSEDSIGNAL */
    logic [LANES*CODE_BITS-1:0] beat;
    /* verilator lint_on UNUSEDSIGNAL */
    assign beat = s_data;
    sw_fifo #(.WIDTH(TAKEN * CODE_BITS), .DEPTH(DEPTH), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(give), .room, .push(give), .push_data(beat[FIRST_LANE*CODE_BITS+:TAKEN*CODE_BITS]),
        .m_valid, .m_ready, .m_data
    );
endmodule
