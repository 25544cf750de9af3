// One output of an integer layer: the sum over SIMD lanes of x * w. DSP asks for one multiplier block a lane, else LUTs
// alone. Specification: the integer scheme of shiftwire/ops/weights/
// In: SIMD codes of X_BITS and SIMD weights of W_BITS a cycle, lane 0 in the low bits. Out: a signed sum of ACC_BITS.
// Latency: accumulate and finish come 2 + clog2(SIMD) cycles after x and w, y one cycle after them (see
// sw_accumulator).
// Initiation interval: one cycle.
module sw_int_pe #(
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 8,
    parameter bit W_SIGNED = 1,
    parameter int ACC_BITS = 18,
    parameter int SIMD = 1,
    parameter bit DSP = 0,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic [SIMD*X_BITS-1:0] x,
    input logic [SIMD*W_BITS-1:0] w,
    input logic accumulate,
    input logic finish,
    output logic signed [ACC_BITS-1:0] y
);
    // an unsigned product has a sign bit of 0, so that one tree serves all
    localparam int NATURAL = X_BITS + W_BITS + (X_SIGNED || W_SIGNED ? 0 : 1);
    localparam int ITEM_BITS = NATURAL < ACC_BITS ? NATURAL : ACC_BITS;
    localparam int SUM_NATURAL = ITEM_BITS + $clog2(SIMD);
    localparam int SUM_BITS = SUM_NATURAL < ACC_BITS ? SUM_NATURAL : ACC_BITS;
    logic [SIMD*ITEM_BITS-1:0] item;
    logic [SIMD-1:0] owed;
    logic [SUM_BITS-1:0] sum;
    logic [ACC_BITS-1:0] value;
    logic sum_negate_early;
    logic sum_carry;

    for (genvar i = 0; i < SIMD; i++) begin : g_lane
        sw_product #(
            .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .W_BITS(W_BITS), .W_SIGNED(W_SIGNED), .BITS(ITEM_BITS), .DSP(DSP),
            .GENERIC(GENERIC)
        ) u_product (
            .clk, .x(x[i*X_BITS+:X_BITS]), .w(w[i*W_BITS+:W_BITS]), .product(item[i*ITEM_BITS+:ITEM_BITS]),
            .owed(owed[i])
        );
    end

    sw_tree #(.N(SIMD), .BITS(ITEM_BITS), .SIGNED(1), .OUT_BITS(SUM_BITS), .GENERIC(GENERIC)) u_tree (
        .clk, .value(item), .negate_early({SIMD{1'b0}}), .carry(owed), .sum, .sum_negate_early, .sum_carry
    );
    assign value = ACC_BITS'($signed(sum));
    sw_accumulator #(.BITS(ACC_BITS), .GENERIC(GENERIC)) u_accumulator (
        .clk, .accumulate, .finish, .value, .negate_early(sum_negate_early), .carry(sum_carry), .y(y)
    );
endmodule
