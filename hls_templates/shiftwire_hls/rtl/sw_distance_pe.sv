// One output of a depthwise adder layer: the sum over SIMD lanes of -abs(x - w); x and w unsigned (offset) codes.
// Specification: the adder scheme of shiftwire/ops/weights/
// In: SIMD codes and SIMD weights of BITS a cycle, lane 0 in the low bits. Out: a signed sum of ACC_BITS.
// Latency: accumulate and finish come 1 + clog2(SIMD) cycles after x and w, y one cycle after them (see
// sw_accumulator).
// Initiation interval: one cycle.
module sw_distance_pe #(
    parameter int BITS = 8,
    parameter int ACC_BITS = 18,
    parameter int SIMD = 1,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic [SIMD*BITS-1:0] x,
    input logic [SIMD*BITS-1:0] w,
    input logic accumulate,
    input logic finish,
    output logic signed [ACC_BITS-1:0] y
);
    localparam int ITEM_BITS = BITS + 1 < ACC_BITS ? BITS + 1 : ACC_BITS;
    localparam int SUM_NATURAL = ITEM_BITS + $clog2(SIMD);
    localparam int SUM_BITS = SUM_NATURAL < ACC_BITS ? SUM_NATURAL : ACC_BITS;
    logic [SIMD*ITEM_BITS-1:0] item;
    logic [SIMD-1:0] positive;
    logic [SUM_BITS-1:0] sum;
    logic [ACC_BITS-1:0] value;
    logic sum_negate_early;
    logic sum_carry;

    for (genvar i = 0; i < SIMD; i++) begin : g_lane
        logic [BITS:0] difference;
        sw_carry_add #(.BITS(BITS + 1), .GENERIC(GENERIC)) u_subtract (
            .a({1'b0, x[i*BITS+:BITS]}), .b({1'b1, ~w[i*BITS+:BITS]}), .carry_in(1'b1), .sum(difference)
        );
        assign positive[i] = ~difference[BITS];
        always_ff @(posedge clk) item[i*ITEM_BITS+:ITEM_BITS] <= difference[ITEM_BITS-1:0];
    end

    sw_tree #(.N(SIMD), .BITS(ITEM_BITS), .SIGNED(1), .OUT_BITS(SUM_BITS), .GENERIC(GENERIC)) u_tree (
        .clk, .value(item), .negate_early(positive), .carry({SIMD{1'b0}}), .sum, .sum_negate_early, .sum_carry
    );
    assign value = ACC_BITS'($signed(sum));
    sw_accumulator #(.BITS(ACC_BITS), .GENERIC(GENERIC)) u_accumulator (
        .clk, .accumulate, .finish, .value, .negate_early(sum_negate_early), .carry(sum_carry), .y(y)
    );
endmodule
