// x * w = product + owed by radix-4 Booth rows, two to an adder, for w of at most 8 bits, all signed.
// In: x of X_BITS and w of W_BITS. Out: a product of BITS and a bit that the next adder owes it. Xilinx carry chains; a
// row merges into its adder's LUTs. Latency: 2 cycles. Initiation interval: one cycle.
module sw_booth_product #(
    parameter int X_BITS = 8,
    parameter int W_BITS = 8,
    parameter int BITS = 16
) (
    input logic clk,
    input logic [X_BITS-1:0] x,
    input logic [W_BITS-1:0] w,
    output logic [BITS-1:0] product,
    output logic owed
);
    localparam int PAIR_BITS = X_BITS + 4;
    logic [8:0] code;
    logic [PAIR_BITS-1:0] low;
    logic [PAIR_BITS-1:0] low_held;
    logic low_owed;
    assign code = {8'($signed(w)), 1'b0};
    sw_booth_pair #(.X_BITS(X_BITS)) u_low (.x, .code(code[4:0]), .sum(low));
    always_ff @(posedge clk) {low_held, low_owed, owed} <= {low, code[2], low_owed};

    if (W_BITS <= 4) begin : g_one_pair
        logic unused_code;
        assign unused_code = ^code[8:5];
        always_ff @(posedge clk) product <= BITS'($signed(low_held));
    end else begin : g_two_pairs
        localparam int HIGH_BITS = X_BITS + (W_BITS <= 6 ? 1 : 4);
        localparam int TOP_BITS = BITS - 4;
        localparam int KEPT_BITS = HIGH_BITS < TOP_BITS ? HIGH_BITS : TOP_BITS;
        logic [HIGH_BITS-1:0] high;
        logic [KEPT_BITS-1:0] high_held;
        logic unused_high;
        logic high_owed;
        logic [TOP_BITS-1:0] a;
        logic [TOP_BITS-1:0] b;
        logic [TOP_BITS-1:0] top;
        if (W_BITS <= 6) begin : g_row
            logic unused_code;
            assign unused_code = ^code[8:7];
            sw_booth_row #(.X_BITS(X_BITS)) u_high (.x, .code(code[6:4]), .row(high));
        end else begin : g_pair
            sw_booth_pair #(.X_BITS(X_BITS)) u_high (.x, .code(code[8:4]), .sum(high));
        end
        assign unused_high = high[HIGH_BITS-1];
        assign a = TOP_BITS'($signed(low_held[PAIR_BITS-1:4]));
        assign b = TOP_BITS'($signed(high_held));
        sw_carry_add #(.BITS(TOP_BITS), .GENERIC(0)) u_add (.a, .b, .carry_in(high_owed), .sum(top));
        always_ff @(posedge clk) begin
            {high_held, high_owed} <= {high[KEPT_BITS-1:0], code[6]};
            product <= {top, low_held[3:0]};
        end
    end
endmodule
