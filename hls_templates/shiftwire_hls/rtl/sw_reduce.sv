// The sum or the largest of COUNT signed codes, by a tree of pairs with a register behind each.
// In: COUNT codes of BITS, code 0 in the low bits. Out: one of BITS, modulo 2**BITS. Latency: clog2(COUNT) cycles, 0 for
// COUNT = 1. Initiation interval: one cycle.
module sw_reduce #(
    parameter int COUNT = 1,
    parameter int BITS = 8,
    parameter bit LARGEST = 0
) (
    input logic clk,
    input logic [COUNT*BITS-1:0] codes,
    output logic [BITS-1:0] reduced
);
    if (COUNT == 1) begin : g_leaf
        logic unused_clk;
        assign unused_clk = clk;
        assign reduced = codes;
    end else begin : g_node
        localparam int LOW = COUNT / 2;  // the upper half is never the shallower one
        localparam int HIGH = COUNT - LOW;
        localparam int WAIT = $clog2(HIGH) - $clog2(LOW);
        logic [BITS-1:0] low, low_in_time, high, both;
        sw_reduce #(.COUNT(LOW), .BITS(BITS), .LARGEST(LARGEST)) u_low (
            .clk, .codes(codes[LOW*BITS-1:0]), .reduced(low)
        );
        sw_reduce #(.COUNT(HIGH), .BITS(BITS), .LARGEST(LARGEST)) u_high (
            .clk, .codes(codes[COUNT*BITS-1:LOW*BITS]), .reduced(high)
        );
        sw_delay #(.WIDTH(BITS), .CYCLES(WAIT)) until_high (.clk, .from(low), .to(low_in_time));
        sw_pair #(.BITS(BITS), .LARGEST(LARGEST)) u_pair (.a(low_in_time), .b(high), .reduced(both));
        always_ff @(posedge clk) reduced <= both;
    end
endmodule
