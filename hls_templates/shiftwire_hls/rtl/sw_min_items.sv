// Minima of SIMD lanes, two and two summed: min(x[0], w[0]) + min(x[1], w[1]) ..., an odd lane alone behind them.
// Operands are offset binary. In: SIMD codes and SIMD weights of BITS a cycle, lane 0 in the low bits. Out:
// (SIMD + 1) / 2 items of ITEM_BITS. Latency: 1 cycle where there is one lane, else 2. Initiation interval: one cycle.
module sw_min_items #(
    parameter int BITS = 8,
    parameter int SIMD = 1,
    parameter int ITEM_BITS = 9,
    parameter bit GENERIC = 1,
    localparam int PAIRS = SIMD / 2,
    localparam int ITEMS = SIMD - PAIRS
) (
    input logic clk,
    input logic [SIMD*BITS-1:0] x,
    input logic [SIMD*BITS-1:0] w,
    output logic [ITEMS*ITEM_BITS-1:0] item
);
    logic [SIMD*BITS-1:0] lane_x;
    logic [SIMD*BITS-1:0] lane_w;
    logic [SIMD-1:0] greater;
    logic [SIMD-1:0] take_w;

    for (genvar i = 0; i < SIMD; i++) begin : g_lane
        sw_greater #(.BITS(BITS), .GENERIC(GENERIC)) u_greater (
            .x(x[i*BITS+:BITS]), .w(w[i*BITS+:BITS]), .greater(greater[i])
        );
    end
    always_ff @(posedge clk) {lane_x, lane_w, take_w} <= {x, w, greater};

    for (genvar i = 0; i < PAIRS; i++) begin : g_pair
        logic [ITEM_BITS-1:0] pair;
        sw_min_pair #(.BITS(BITS), .SUM_BITS(ITEM_BITS), .GENERIC(GENERIC)) u_pair (
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
endmodule
