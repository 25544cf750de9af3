// sum = a + (differ ? -1 : 1) * b of two shifted operands, each zero ? 0 : is_far ? m << SHIFT : m.
// In: two operands of M_BITS, signed, the first in the low bits. Out: a signed sum of BITS. Combinational.
module sw_shift_pair #(
    parameter int M_BITS = 8,
    parameter int SHIFT = 1,
    parameter int VALUE_BITS = 9,
    parameter int BITS = 10,
    parameter bit GENERIC = 1
) (
    input logic [2*M_BITS-1:0] m,
    input logic [1:0] is_far,
    input logic [1:0] zero,
    input logic differ,
    output logic [BITS-1:0] sum
);
    if (!GENERIC && SHIFT == 0) begin : g_gated
        // both gates, the sign and the sum of a bit fit one LUT6_2
        logic [BITS-1:0] a;
        logic [BITS-1:0] b;
        logic [BITS-1:0] propagate;
        logic [BITS-1:0] generate_bit;
        logic unused_carry;
        logic unused_far;
        assign unused_far = ^is_far;
        assign a = BITS'($signed(m[M_BITS-1:0]));
        assign b = BITS'($signed(m[2*M_BITS-1:M_BITS]));
        for (genvar i = 0; i < BITS; i++) begin : g_bit
            LUT6_2 #(.INIT(64'hDD2D_22D2_2222_2222)) u_lut (
                .I0(a[i]), .I1(zero[0]), .I2(b[i]), .I3(zero[1]), .I4(differ), .I5(1'b1), .O6(propagate[i]),
                .O5(generate_bit[i])
            );
        end
        sw_carry_chain #(.BITS(BITS)) u_chain (
            .propagate, .generate_bit, .carry_in(differ), .sum, .carry_out(unused_carry)
        );
    end else begin : g_merged
        logic [VALUE_BITS-1:0] a;
        logic [VALUE_BITS-1:0] b;
        logic [BITS-1:0] wide_a;
        logic [BITS-1:0] wide_b;
        sw_shift_value #(.M_BITS(M_BITS), .SHIFT(SHIFT), .BITS(VALUE_BITS), .PACKED(!GENERIC)) u_a (
            .m(m[M_BITS-1:0]), .is_far(is_far[0]), .zero(zero[0]), .value(a)
        );
        sw_shift_value #(.M_BITS(M_BITS), .SHIFT(SHIFT), .BITS(VALUE_BITS)) u_b (
            .m(m[2*M_BITS-1:M_BITS]), .is_far(is_far[1]), .zero(zero[1]), .value(b)
        );
        assign wide_a = BITS'($signed(a));
        assign wide_b = BITS'($signed(b));
        sw_carry_add #(.BITS(BITS), .GENERIC(GENERIC)) u_add (
            .a(wide_a), .b(wide_b ^ {BITS{differ}}), .carry_in(differ), .sum
        );
    end
endmodule
