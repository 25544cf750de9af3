// The sum of x over SIMD lanes and over the iterations of a sum; what the min form of an adder layer subtracts.
// Specification: the adder scheme of shiftwire/ops/weights/
// In: SIMD codes of BITS a cycle, lane 0 in the low bits. Out: a sum of ACC_BITS.
// Latency: accumulate and finish come 1 + clog2(SIMD) cycles after x, y one cycle after them (see sw_accumulator).
// Initiation interval: one cycle.
module sw_total #(
    parameter int BITS = 8,
    parameter bit SIGNED = 0,
    parameter int ACC_BITS = 18,
    parameter int SIMD = 1
) (
    input logic clk,
    input logic [SIMD*BITS-1:0] x,
    input logic accumulate,
    input logic finish,
    output logic [ACC_BITS-1:0] y
);
    localparam int ITEM_BITS = BITS < ACC_BITS ? BITS : ACC_BITS;
    localparam int SUM_NATURAL = ITEM_BITS + $clog2(SIMD);
    localparam int SUM_BITS = SUM_NATURAL < ACC_BITS ? SUM_NATURAL : ACC_BITS;
    logic [SIMD*ITEM_BITS-1:0] item;
    logic [SUM_BITS-1:0] sum;
    logic [ACC_BITS-1:0] value;
    logic sum_negate_early;
    logic sum_carry;
    for (genvar i = 0; i < SIMD; i++) begin : g_lane
        always_ff @(posedge clk) item[i*ITEM_BITS+:ITEM_BITS] <= x[i*BITS+:ITEM_BITS];
    end
    sw_tree #(.N(SIMD), .BITS(ITEM_BITS), .SIGNED(SIGNED), .OUT_BITS(SUM_BITS)) u_tree (
        .clk, .value(item), .negate_early({SIMD{1'b0}}), .carry({SIMD{1'b0}}), .sum, .sum_negate_early, .sum_carry
    );
    if (SIGNED) begin : g_signed
        assign value = ACC_BITS'($signed(sum));
    end else begin : g_unsigned
        assign value = ACC_BITS'(sum);
    end
    sw_accumulator #(.BITS(ACC_BITS)) u_accumulator (
        .clk, .accumulate, .finish, .value, .negate_early(sum_negate_early), .carry(sum_carry), .y
    );
endmodule
