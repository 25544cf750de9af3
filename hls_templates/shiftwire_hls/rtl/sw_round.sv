// One lane of sw_requantize: rounds before a register, fits into the range behind it. Specification:
// shiftwire/numbers/fixed.py, requantize
// In: a code of IN_BITS. Out: a code of OUT_BITS. Latency: one cycle. Initiation interval: one cycle.
module sw_round #(
    parameter int IN_BITS = 16,
    parameter bit IN_SIGNED = 1,
    parameter int DROP = 4,
    parameter bit HALF_UP = 0,
    parameter bit HALF_EVEN = 0,
    parameter bit SATURATE = 1,
    parameter int OUT_BITS = 8,
    parameter bit OUT_SIGNED = 1
) (
    input logic clk,
    input logic [IN_BITS-1:0] code,
    output logic [OUT_BITS-1:0] rounded
);
    localparam int UP = DROP < 0 ? -DROP : 0;
    localparam int DOWN = DROP > 0 ? DROP : 0;
    // a bit for the sign of unsigned codes and one for the carry of rounding
    localparam int WIDE = (IN_BITS > DOWN ? IN_BITS : DOWN) + 2 + UP;
    localparam int HELD = WIDE - DOWN;
    localparam int REACH = (HELD > OUT_BITS ? HELD : OUT_BITS) + 1;
    localparam logic [OUT_BITS-1:0] LARGEST = OUT_SIGNED ? ~(OUT_BITS'(1) << (OUT_BITS - 1)) : '1;

    logic [WIDE-1:0] wide;
    logic raises;
    logic signed [HELD-1:0] floor;
    logic signed [HELD-1:0] held;

    sw_align #(.BITS(IN_BITS), .IS_SIGNED(IN_SIGNED), .SHIFT(UP), .OUT_BITS(WIDE)) grid (.code, .moved(wide));
    assign floor = wide[WIDE-1:DOWN];
    generate
        if (DOWN == 0) begin : exact
            assign raises = 1'b0;
        end else begin : inexact
            wire is_half = wide[DOWN-1];
            wire is_more = DOWN > 1 && |(wide[DOWN-1:0] & ~(DOWN'(1) << (DOWN - 1)));
            assign raises = HALF_UP ? is_half : HALF_EVEN ? is_half & (is_more | floor[0]) : 1'b0;
        end
    endgenerate
    always_ff @(posedge clk) held <= floor + HELD'({1'b0, raises});

    logic [REACH-1:0] reach;
    assign reach = REACH'(held);
    wire is_negative = reach[REACH-1];
    generate
        if (!SATURATE) begin : wraps
            assign rounded = reach[OUT_BITS-1:0];
            wire unused = ^{reach[REACH-1:OUT_BITS], is_negative};
        end else if (OUT_SIGNED) begin : saturates_signed
            wire fits = reach[REACH-1:OUT_BITS-1] == {(REACH - OUT_BITS + 1) {is_negative}};
            assign rounded = fits ? reach[OUT_BITS-1:0] : is_negative ? ~LARGEST : LARGEST;
        end else begin : saturates_unsigned
            wire fits = reach[REACH-1:OUT_BITS] == '0;
            assign rounded = is_negative ? '0 : fits ? reach[OUT_BITS-1:0] : LARGEST;
        end
    endgenerate
endmodule
