// The sum of N operands, each (negate[i] ? -1 : 1) * value[i], by a tree of adders with a register behind each.
// The result is (sum_negate ? -1 : 1) * sum; a minus sign is carried along until an adder can take it for nothing.
// Signs go in and come out one cycle before their values (_early), so that an adder reads a sign from a register.
// Logic in front of the last operand merges into its adder; where values are unsigned (SIGNED = 0), signs must be 0.
// carry[i] adds 1 to operand i where every sign is 0.
// In: N operands of BITS, operand 0 in the low bits. Out: a sum of OUT_BITS = min(BITS + clog2(N), wanted); what does
// not fit wraps. Latency: clog2(N) cycles, 0 for N = 1. Initiation interval: one cycle.
module sw_tree #(
    parameter int N = 1,
    parameter int BITS = 8,
    parameter bit SIGNED = 1,
    parameter int OUT_BITS = 8,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic [N*BITS-1:0] value,
    input logic [N-1:0] negate_early,
    input logic [N-1:0] carry,
    output logic [OUT_BITS-1:0] sum,
    output logic sum_negate_early,
    output logic sum_carry
);
    if (N == 1) begin : g_leaf
        logic unused_clk;
        assign unused_clk = clk;
        assign sum = value[OUT_BITS-1:0];
        assign sum_negate_early = negate_early;
        assign sum_carry = carry;
    end else begin : g_node
        localparam int LOW = N / 2;  // the upper half is never the shallower one
        localparam int HIGH = N - LOW;
        localparam int LOW_NATURAL = BITS + $clog2(LOW);
        localparam int HIGH_NATURAL = BITS + $clog2(HIGH);
        localparam int LOW_BITS = LOW_NATURAL < OUT_BITS ? LOW_NATURAL : OUT_BITS;
        localparam int HIGH_BITS = HIGH_NATURAL < OUT_BITS ? HIGH_NATURAL : OUT_BITS;
        logic [LOW_BITS-1:0] low;
        logic [LOW_BITS-1:0] low_in_time;
        logic [HIGH_BITS-1:0] high;
        logic low_early;
        logic low_early_in_time;
        logic high_early;
        logic low_carry;
        logic low_carry_in_time;
        logic high_carry;
        logic differ;
        logic [OUT_BITS-1:0] a;
        logic [OUT_BITS-1:0] b;
        logic [OUT_BITS-1:0] total;

        sw_tree #(.N(LOW), .BITS(BITS), .SIGNED(SIGNED), .OUT_BITS(LOW_BITS), .GENERIC(GENERIC)) u_low (
            .clk, .value(value[LOW*BITS-1:0]), .negate_early(negate_early[LOW-1:0]), .carry(carry[LOW-1:0]), .sum(low),
            .sum_negate_early(low_early), .sum_carry(low_carry)
        );
        sw_tree #(.N(HIGH), .BITS(BITS), .SIGNED(SIGNED), .OUT_BITS(HIGH_BITS), .GENERIC(GENERIC)) u_high (
            .clk, .value(value[N*BITS-1:LOW*BITS]), .negate_early(negate_early[N-1:LOW]), .carry(carry[N-1:LOW]),
            .sum(high), .sum_negate_early(high_early), .sum_carry(high_carry)
        );
        if ($clog2(LOW) < $clog2(HIGH)) begin : g_wait
            always_ff @(posedge clk) {low_in_time, low_early_in_time, low_carry_in_time} <= {low, low_early, low_carry};
        end else begin : g_in_time
            assign {low_in_time, low_early_in_time, low_carry_in_time} = {low, low_early, low_carry};
        end

        if (SIGNED) begin : g_signed
            assign a = OUT_BITS'($signed(low_in_time));
            assign b = OUT_BITS'($signed(high));
        end else begin : g_unsigned
            assign a = OUT_BITS'(low_in_time);
            assign b = OUT_BITS'(high);
        end
        sw_carry_add #(.BITS(OUT_BITS), .GENERIC(GENERIC)) u_add (
            .a, .b(b ^ {OUT_BITS{differ}}), .carry_in(differ | high_carry), .sum(total)
        );
        always_ff @(posedge clk) begin
            differ <= low_early_in_time ^ high_early;
            {sum, sum_negate_early, sum_carry} <= {total, low_early_in_time, low_carry_in_time};
        end
    end
endmodule
