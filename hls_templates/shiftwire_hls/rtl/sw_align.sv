// A code moved to a finer grid and a wider format: shifted left, then extended.
// Specification: shiftwire/numbers/alignment.py
// In: a code of BITS. Out: the same value in OUT_BITS, the grid SHIFT bits finer. Combinational.
module sw_align #(
    parameter int BITS = 8,
    parameter bit IS_SIGNED = 1,
    parameter int SHIFT = 0,
    parameter int OUT_BITS = 9
) (
    input logic [BITS-1:0] code,
    output logic [OUT_BITS-1:0] moved
);
    // one bit above what is asked for, so that an unsigned code of the full width still fits
    logic signed [BITS:0] extended;
    logic signed [OUT_BITS+BITS:0] wide;
    assign extended = {IS_SIGNED & code[BITS-1], code};
    assign wide = (OUT_BITS + BITS + 1)'(extended) <<< SHIFT;
    assign moved = wide[OUT_BITS-1:0];
    wire unused = ^wide[OUT_BITS+BITS:OUT_BITS];
endmodule
