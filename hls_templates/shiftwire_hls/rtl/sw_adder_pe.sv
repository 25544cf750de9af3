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

    logic [SIMD*BITS-1:0] lane_x;
    logic [SIMD*BITS-1:0] lane_w;
    logic [SIMD-1:0] greater;
    logic [SIMD-1:0] take_w;
    logic [ITEMS*ITEM_BITS-1:0] item;
    logic [SUM_BITS-1:0] sum;
    logic [ACC_BITS-1:0] value;
    logic sum_negate_early;
    logic sum_carry;

    for (genvar i = 0; i < SIMD; i++) begin : g_lane
        sw_greater #(.BITS(BITS), .GENERIC(GENERIC)) u_greater (
            .x(x[i*BITS+:BITS]), .w(w[i*BITS+:BITS]), .greater(greater[i])
        );
    end
    always_ff @(posedge clk) {lane_x, lane_w, take_w} <= {x, w, greater};

    for (genvar i = 0; i < PAIRS; i++) begin : g_pair
        logic [PAIR_BITS-1:0] pair;
        sw_min_pair #(.BITS(BITS), .SUM_BITS(PAIR_BITS), .GENERIC(GENERIC)) u_pair (
            .x(lane_x[2*i*BITS+:2*BITS]), .w(lane_w[2*i*BITS+:2*BITS]), .take_w(take_w[2*i+:2]), .sum(pair)
        );
        always_ff @(posedge clk) item[i*ITEM_BITS+:ITEM_BITS] <= pair;
    end

    // an odd lane waits unselected and stands last, where the tree's adder takes its selection in
    if (SIMD % 2 == 1) begin : g_odd
        logic [BITS-1:0] odd_x;
        logic [BITS-1:0] odd_w;
        logic odd_take_w;
        if (SIMD == 1) begin : g_alone
            assign {odd_x, odd_w, odd_take_w} = {lane_x, lane_w, take_w};
        end else begin : g_waits
            always_ff @(posedge clk) begin
                odd_x <= lane_x[(SIMD-1)*BITS+:BITS];
                odd_w <= lane_w[(SIMD-1)*BITS+:BITS];
                odd_take_w <= take_w[SIMD-1];
            end
        end
        assign item[(ITEMS-1)*ITEM_BITS+:ITEM_BITS] = ITEM_BITS'(odd_take_w ? odd_w : odd_x);
    end

    sw_tree #(.N(ITEMS), .BITS(ITEM_BITS), .SIGNED(0), .OUT_BITS(SUM_BITS), .GENERIC(GENERIC)) u_tree (
        .clk, .value(item), .negate_early({ITEMS{1'b0}}), .carry({ITEMS{1'b0}}), .sum, .sum_negate_early, .sum_carry
    );
    assign value = ACC_BITS'(sum);
    sw_accumulator #(.BITS(ACC_BITS), .GENERIC(GENERIC)) u_accumulator (
        .clk, .accumulate, .finish, .value, .negate_early(sum_negate_early), .carry(sum_carry), .y
    );
endmodule
