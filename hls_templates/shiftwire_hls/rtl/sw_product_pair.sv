// x * w[0] = product[0] and x * w[1] = product[1] + owed, of one DSP48 multiplier: both weights lie in its wide operand,
// the second one above all bits of x * w[0], from whose sign it borrows; what it borrowed is owed. 2 W_BITS + X_BITS is at
// most 24, so that the operand has 25 bits. In: x of X_BITS and two weights of W_BITS, the first in the low bits. Out:
// two products of BITS, at least 9 and at most what a product has, and a bit that the next adder owes the second one.
// Latency: 2 cycles. Initiation interval: one cycle.
module sw_product_pair #(
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 8,
    parameter bit W_SIGNED = 1,
    parameter int BITS = 16
) (
    input logic clk,
    input logic [X_BITS-1:0] x,
    input logic [2*W_BITS-1:0] w,
    output logic [2*BITS-1:0] product,
    output logic owed
);
    // a product fits its operands' bits, as a signed number or, where both are unsigned, as an unsigned one
    localparam int FIELD = X_BITS + W_BITS;
    localparam bit IS_SIGNED = X_SIGNED || W_SIGNED;
    localparam int XBITS = X_BITS + (X_SIGNED ? 0 : 1);
    localparam int WBITS = W_BITS + (W_SIGNED ? 0 : 1);
    localparam int WIDE = FIELD + W_BITS + 1;
    localparam int BOTH = FIELD + BITS;
    logic [XBITS-1:0] held_x;
    logic [WBITS-1:0] held_low;
    logic [WBITS-1:0] held_high;
    logic [WIDE-1:0] low;
    logic [WIDE-1:0] high;
    logic signed [WIDE-1:0] weights;
    logic signed [BOTH-1:0] wide_x;
    (* use_dsp = "yes" *) logic [BOTH-1:0] result;
    always_ff @(posedge clk) begin
        held_x <= XBITS'(x);
        held_low <= WBITS'(w[W_BITS-1:0]);
        held_high <= WBITS'(w[2*W_BITS-1:W_BITS]);
    end
    assign low = WIDE'($signed(held_low));
    assign high = WIDE'($signed(held_high)) << FIELD;
    assign weights = low + high;
    assign wide_x = BOTH'($signed(held_x));
    always_ff @(posedge clk) result <= wide_x * BOTH'(weights);
    assign product[2*BITS-1:BITS] = result[BOTH-1:FIELD];
    assign product[BITS-1:0] = BITS'(result[FIELD-1:0]);
    assign owed = IS_SIGNED & result[FIELD-1];
endmodule
