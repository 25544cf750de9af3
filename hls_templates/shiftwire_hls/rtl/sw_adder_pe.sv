// One output of an adder layer in its min form: the sum over SIMD lanes of min(x, w), all unsigned (offset) codes;
// -sum abs(x - w) = 2 * sum min(x, w) - sum x - sum w. Specification: the adder scheme of shiftwire/ops/weights/
// In: SIMD codes and SIMD weights of BITS a cycle, lane 0 in the low bits. Out: a sum of ACC_BITS.
// Latency: accumulate and finish come 1 + clog2(SIMD) cycles after x and w, y one cycle after them (see
// sw_accumulator).
// Initiation interval: one cycle.
module sw_adder_pe #(
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
    output logic [ACC_BITS-1:0] y
);
    localparam int PAIR_BITS = BITS + 1 < ACC_BITS ? BITS + 1 : ACC_BITS;
    localparam int PAIRS = SIMD / 2;
    localparam int ITEMS = SIMD - PAIRS;
    localparam int ITEM_BITS = SIMD == 1 ? (BITS < ACC_BITS ? BITS : ACC_BITS) : PAIR_BITS;
    localparam int SUM_NATURAL = ITEM_BITS + $clog2(ITEMS);
    localparam int SUM_BITS = SUM_NATURAL < ACC_BITS ? SUM_NATURAL : ACC_BITS;

    logic [ITEMS*ITEM_BITS-1:0] item;
    logic [SUM_BITS-1:0] sum;
    logic [ACC_BITS-1:0] value;
    logic sum_negate_early;
    logic sum_carry;

    sw_min_items #(.BITS(BITS), .SIMD(SIMD), .ITEM_BITS(ITEM_BITS), .GENERIC(GENERIC)) u_items (.clk, .x, .w, .item);
    sw_tree #(.N(ITEMS), .BITS(ITEM_BITS), .SIGNED(0), .OUT_BITS(SUM_BITS), .GENERIC(GENERIC)) u_tree (
        .clk, .value(item), .negate_early({ITEMS{1'b0}}), .carry({ITEMS{1'b0}}), .sum, .sum_negate_early, .sum_carry
    );
    assign value = ACC_BITS'(sum);
    sw_accumulator #(.BITS(ACC_BITS), .GENERIC(GENERIC)) u_accumulator (
        .clk, .accumulate, .finish, .value, .negate_early(sum_negate_early), .carry(sum_carry), .y
    );
endmodule
