// sum of two selected operands, each take_w ? w : x, unsigned. In: two codes and two weights of BITS, the first in the
// low bits. Out: a sum of SUM_BITS. Combinational.
module sw_min_pair #(
    parameter int BITS = 8,
    parameter int SUM_BITS = 9,
    parameter bit GENERIC = 1
) (
    input logic [2*BITS-1:0] x,
    input logic [2*BITS-1:0] w,
    input logic [1:0] take_w,
    output logic [SUM_BITS-1:0] sum
);
    logic [BITS-1:0] a;
    logic [BITS-1:0] b;
    logic [SUM_BITS-1:0] wide_a;
    logic [SUM_BITS-1:0] wide_b;
    if (GENERIC) begin : g_plain
        assign a = take_w[0] ? w[BITS-1:0] : x[BITS-1:0];
    end else begin : g_packed
        for (genvar i = 0; i < BITS; i += 2) begin : g_two
            localparam int NEXT = i + 1 < BITS ? i + 1 : i;
            logic upper;
            LUT6_2 #(.INIT(64'hCCCC_AAAA_FF00_F0F0)) u_lut (
                .I0(x[i]), .I1(w[i]), .I2(x[NEXT]), .I3(w[NEXT]), .I4(take_w[0]), .I5(1'b1), .O6(a[i]), .O5(upper)
            );
            if (NEXT > i) begin : g_upper
                assign a[NEXT] = upper;
            end else begin : g_top
                logic unused_upper;
                assign unused_upper = upper;
            end
        end
    end
    assign b = take_w[1] ? w[2*BITS-1:BITS] : x[2*BITS-1:BITS];
    assign wide_a = SUM_BITS'(a);
    assign wide_b = SUM_BITS'(b);
    sw_carry_add #(.BITS(SUM_BITS), .GENERIC(GENERIC)) u_add (.a(wide_a), .b(wide_b), .carry_in(1'b0), .sum);
endmodule
