// Outputs of an integer layer that read the same x, each the sum over SIMD lanes of x * w. DSP asks for one multiplier
// block a lane, which gives the products of both where OUTPUTS is 2 (see sw_product_pair), else LUTs alone.
// Specification: the integer scheme of shiftwire/ops/weights/
// In: SIMD codes of X_BITS and for each of OUTPUTS SIMD weights of W_BITS a cycle, lane 0 in the low bits. Out: OUTPUTS
// signed sums of ACC_BITS.
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
    parameter int OUTPUTS = 1,
    parameter bit DSP = 0,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic [SIMD*X_BITS-1:0] x,
    input logic [OUTPUTS*SIMD*W_BITS-1:0] w,
    input logic accumulate,
    input logic finish,
    output logic [OUTPUTS*ACC_BITS-1:0] y
);
    // an unsigned product has a sign bit of 0, so that one tree serves all
    localparam int NATURAL = X_BITS + W_BITS + (X_SIGNED || W_SIGNED ? 0 : 1);
    localparam int ITEM_BITS = NATURAL < ACC_BITS ? NATURAL : ACC_BITS;
    localparam int SUM_NATURAL = ITEM_BITS + $clog2(SIMD);
    localparam int SUM_BITS = SUM_NATURAL < ACC_BITS ? SUM_NATURAL : ACC_BITS;
    logic [OUTPUTS*SIMD*ITEM_BITS-1:0] item;
    logic [OUTPUTS*SIMD-1:0] owed;

    for (genvar i = 0; i < SIMD; i++) begin : g_lane
        wire [X_BITS-1:0] own_x = x[i*X_BITS+:X_BITS];
        if (OUTPUTS == 2) begin : g_pair
            localparam int NEXT = SIMD + i;
            sw_product_pair #(
                .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .W_BITS(W_BITS), .W_SIGNED(W_SIGNED), .BITS(ITEM_BITS)
            ) u_products (
                .clk, .x(own_x), .w({w[NEXT*W_BITS+:W_BITS], w[i*W_BITS+:W_BITS]}),
                .product({item[NEXT*ITEM_BITS+:ITEM_BITS], item[i*ITEM_BITS+:ITEM_BITS]}), .owed(owed[NEXT])
            );
            assign owed[i] = 1'b0;
        end else begin : g_one
            sw_product #(
                .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .W_BITS(W_BITS), .W_SIGNED(W_SIGNED), .BITS(ITEM_BITS),
                .DSP(DSP), .GENERIC(GENERIC)
            ) u_product (
                .clk, .x(own_x), .w(w[i*W_BITS+:W_BITS]), .product(item[i*ITEM_BITS+:ITEM_BITS]), .owed(owed[i])
            );
        end
    end

    for (genvar o = 0; o < OUTPUTS; o++) begin : g_output
        logic [SUM_BITS-1:0] sum;
        logic [ACC_BITS-1:0] value;
        logic sum_negate_early;
        logic sum_carry;
        sw_tree #(.N(SIMD), .BITS(ITEM_BITS), .SIGNED(1), .OUT_BITS(SUM_BITS), .GENERIC(GENERIC)) u_tree (
            .clk, .value(item[o*SIMD*ITEM_BITS+:SIMD*ITEM_BITS]), .negate_early({SIMD{1'b0}}),
            .carry(owed[o*SIMD+:SIMD]), .sum, .sum_negate_early, .sum_carry
        );
        assign value = ACC_BITS'($signed(sum));
        sw_accumulator #(.BITS(ACC_BITS), .GENERIC(GENERIC)) u_accumulator (
            .clk, .accumulate, .finish, .value, .negate_early(sum_negate_early), .carry(sum_carry),
            .y(y[o*ACC_BITS+:ACC_BITS])
        );
    end
endmodule
