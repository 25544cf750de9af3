// A weight rebuilt from three coefficients and a column of a basis: (sum of sign * number << exponent + ROUNDING) >>
// DROPPED, modulo 2**BITS. A coefficient's code is {sign, exponent}; HAS_NONE: an exponent of ones alone is none.
// In: three codes of 1 + FIELD_BITS and three signed numbers of B_BITS, the first in the low bits. Out: a weight of BITS.
// Latency: 2 cycles. Initiation interval: one cycle. Specification: shiftwire/numbers/factored.py
module sw_factor #(
    parameter int B_BITS = 8,
    parameter int FIELD_BITS = 3,
    parameter bit HAS_NONE = 1,
    parameter int SHIFTS = 7,
    parameter int ROUNDING = 0,
    parameter int DROPPED = 0,
    parameter int BITS = 8,
    parameter bit GENERIC = 1,
    localparam int CODE_BITS = 1 + FIELD_BITS
) (
    input logic clk,
    input logic [3*CODE_BITS-1:0] codes,
    input logic [3*B_BITS-1:0] numbers,
    output logic [BITS-1:0] weight
);
    // the exponent's low bits shift before a register, its high bit on the way into an adder
    localparam int WINDOW_BITS = SHIFTS > 1 ? $clog2(SHIFTS) : 0;
    localparam int FAR = WINDOW_BITS > 0 ? 1 << (WINDOW_BITS - 1) : 0;
    localparam int SUM_BITS = BITS + DROPPED;
    localparam int M_FULL = B_BITS + (1 << WINDOW_BITS) - 1 - FAR;
    localparam int M_BITS = M_FULL < SUM_BITS ? M_FULL : SUM_BITS;
    localparam int VALUE_BITS = M_FULL + FAR < SUM_BITS ? M_FULL + FAR : SUM_BITS;
    logic [3*M_BITS-1:0] m;
    logic [2:0] is_far, zero, negate, unused_zero;
    logic [3*SUM_BITS-1:0] value;
    logic [SUM_BITS-1:0] first, both, held, sum, last_value;
    logic last_negate;

    for (genvar j = 0; j < 3; j++) begin : g_coefficient
        wire [CODE_BITS-1:0] code = codes[j*CODE_BITS+:CODE_BITS];
        if (WINDOW_BITS == 0) begin : g_alone
            always_ff @(posedge clk) m[j*M_BITS+:M_BITS] <= M_BITS'($signed(numbers[j*B_BITS+:B_BITS]));
            assign {is_far[j], unused_zero[j]} = '0;
        end else begin : g_shifted
            wire [WINDOW_BITS:0] shift_code = (WINDOW_BITS + 1)'(code);  // its sign bit is not looked at
            sw_shift_lane #(
                .X_BITS(B_BITS), .X_SIGNED(1), .WINDOW_BITS(WINDOW_BITS), .HAS_ZERO(0), .M_BITS(M_BITS), .GENERIC(GENERIC)
            ) u_lane (
                .clk, .x(numbers[j*B_BITS+:B_BITS]), .w(shift_code), .m(m[j*M_BITS+:M_BITS]), .is_far(is_far[j]),
                .zero(unused_zero[j])
            );
        end
        always_ff @(posedge clk) begin
            negate[j] <= code[CODE_BITS-1];
            zero[j] <= HAS_NONE & (&code[FIELD_BITS-1:0]);
        end
        logic [VALUE_BITS-1:0] narrow;
        sw_shift_value #(.M_BITS(M_BITS), .SHIFT(FAR), .BITS(VALUE_BITS)) u_value (
            .m(m[j*M_BITS+:M_BITS]), .is_far(is_far[j]), .zero(zero[j]), .value(narrow)
        );
        assign value[j*SUM_BITS+:SUM_BITS] = SUM_BITS'($signed(narrow));
    end

    sw_carry_add #(.BITS(SUM_BITS), .GENERIC(GENERIC)) u_first (
        .a(SUM_BITS'(ROUNDING)), .b(value[0+:SUM_BITS] ^ {SUM_BITS{negate[0]}}), .carry_in(negate[0]), .sum(first)
    );
    sw_carry_add #(.BITS(SUM_BITS), .GENERIC(GENERIC)) u_both (
        .a(first), .b(value[SUM_BITS+:SUM_BITS] ^ {SUM_BITS{negate[1]}}), .carry_in(negate[1]), .sum(both)
    );
    always_ff @(posedge clk) {held, last_value, last_negate} <= {both, value[2*SUM_BITS+:SUM_BITS], negate[2]};
    sw_carry_add #(.BITS(SUM_BITS), .GENERIC(GENERIC)) u_sum (
        .a(held), .b(last_value ^ {SUM_BITS{last_negate}}), .carry_in(last_negate), .sum
    );
    assign weight = sum[DROPPED+:BITS];
    wire unused = ^sum;
endmodule
