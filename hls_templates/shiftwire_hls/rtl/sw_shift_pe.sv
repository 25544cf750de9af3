// One output of a shift layer: the sum over SIMD lanes of (sign ? -1 : 1) * (x << exponent), unless zero.
// A lane's weight code, from the high bit: zero (only if HAS_ZERO), sign, exponent[WINDOW_BITS-1:0]. More terms a
// weight are more lanes, or more cycles. Specification: the shift scheme of shiftwire/ops/weights/
// In: SIMD codes of X_BITS and SIMD weight codes a cycle, lane 0 in the low bits. Out: a signed sum of ACC_BITS.
// Latency: accumulate and finish come 1 + clog2(SIMD) cycles after x and w, y one cycle after them (see
// sw_accumulator).
// Initiation interval: one cycle.
module sw_shift_pe #(
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int WINDOW_BITS = 3,
    parameter bit HAS_ZERO = 1,
    parameter int ACC_BITS = 18,
    parameter int SIMD = 1,
    parameter bit GENERIC = 1,
    localparam int CODE_BITS = 32'(HAS_ZERO) + 1 + WINDOW_BITS
) (
    input logic clk,
    input logic [SIMD*X_BITS-1:0] x,
    input logic [SIMD*CODE_BITS-1:0] w,
    input logic accumulate,
    input logic finish,
    output logic signed [ACC_BITS-1:0] y
);
    // the exponent's low bits shift before the register, its high bit shifts by FAR on the way into an adder
    localparam int FAR = WINDOW_BITS > 0 ? 1 << (WINDOW_BITS - 1) : 0;
    localparam int FULL = X_BITS + (X_SIGNED ? 0 : 1) + (1 << WINDOW_BITS) - 1;
    localparam int M_BITS = FULL - FAR < ACC_BITS ? FULL - FAR : ACC_BITS;
    localparam int VALUE_BITS = FULL < ACC_BITS ? FULL : ACC_BITS;
    localparam int PAIR_BITS = FULL + 1 < ACC_BITS ? FULL + 1 : ACC_BITS;
    localparam int PAIRS = SIMD / 2;
    localparam int ITEMS = SIMD - PAIRS;
    localparam int ITEM_BITS = SIMD == 1 ? VALUE_BITS : PAIR_BITS;
    localparam int SUM_NATURAL = ITEM_BITS + $clog2(ITEMS);
    localparam int SUM_BITS = SUM_NATURAL < ACC_BITS ? SUM_NATURAL : ACC_BITS;

    logic [SIMD*M_BITS-1:0] m;
    logic [SIMD-1:0] is_far;
    logic [SIMD-1:0] zero;
    logic [SIMD-1:0] sign;
    logic [ITEMS*ITEM_BITS-1:0] item;
    logic [ITEMS-1:0] item_negate_early;
    logic [SUM_BITS-1:0] sum;
    logic [ACC_BITS-1:0] value;
    logic sum_negate_early;
    logic sum_carry;

    for (genvar i = 0; i < SIMD; i++) begin : g_lane
        sw_shift_lane #(
            .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .WINDOW_BITS(WINDOW_BITS), .HAS_ZERO(HAS_ZERO), .M_BITS(M_BITS),
            .GENERIC(GENERIC)
        ) u_lane (
            .clk, .x(x[i*X_BITS+:X_BITS]), .w(w[i*CODE_BITS+:CODE_BITS]), .m(m[i*M_BITS+:M_BITS]), .is_far(is_far[i]),
            .zero(zero[i])
        );
        assign sign[i] = w[i*CODE_BITS+WINDOW_BITS];
    end

    for (genvar i = 0; i < PAIRS; i++) begin : g_pair
        logic [PAIR_BITS-1:0] pair;
        logic negate;
        logic differ;
        always_ff @(posedge clk) {negate, differ} <= {sign[2*i], sign[2*i] ^ sign[2*i+1]};
        sw_shift_pair #(
            .M_BITS(M_BITS), .SHIFT(FAR), .VALUE_BITS(VALUE_BITS), .BITS(PAIR_BITS), .GENERIC(GENERIC)
        ) u_pair (
            .m(m[2*i*M_BITS+:2*M_BITS]), .is_far(is_far[2*i+:2]), .zero(zero[2*i+:2]), .differ, .sum(pair)
        );
        assign item_negate_early[i] = negate;
        always_ff @(posedge clk) item[i*ITEM_BITS+:ITEM_BITS] <= pair;
    end

    // an odd lane waits unshifted and stands last, where the tree's adder takes its shift in
    if (SIMD % 2 == 1) begin : g_odd
        logic [M_BITS-1:0] odd_m;
        logic odd_far;
        logic odd_zero;
        if (SIMD == 1) begin : g_alone
            assign {odd_m, odd_far, odd_zero, item_negate_early[0]} = {m, is_far, zero, sign};
        end else begin : g_waits
            always_ff @(posedge clk) begin
                {odd_m, odd_far, odd_zero} <= {m[(SIMD-1)*M_BITS+:M_BITS], is_far[SIMD-1], zero[SIMD-1]};
                item_negate_early[ITEMS-1] <= sign[SIMD-1];
            end
        end
        sw_shift_value #(.M_BITS(M_BITS), .SHIFT(FAR), .BITS(ITEM_BITS)) u_odd (
            .m(odd_m), .is_far(odd_far), .zero(odd_zero), .value(item[(ITEMS-1)*ITEM_BITS+:ITEM_BITS])
        );
    end

    sw_tree #(.N(ITEMS), .BITS(ITEM_BITS), .SIGNED(1), .OUT_BITS(SUM_BITS), .GENERIC(GENERIC)) u_tree (
        .clk, .value(item), .negate_early(item_negate_early), .carry({ITEMS{1'b0}}), .sum, .sum_negate_early, .sum_carry
    );
    assign value = ACC_BITS'($signed(sum));
    sw_accumulator #(.BITS(ACC_BITS), .GENERIC(GENERIC)) u_accumulator (
        .clk, .accumulate, .finish, .value, .negate_early(sum_negate_early), .carry(sum_carry), .y(y)
    );
endmodule
