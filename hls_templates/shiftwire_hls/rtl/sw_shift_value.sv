// value = zero ? 0 : is_far ? m << SHIFT : m, sign-extended. In: m of M_BITS, signed. Out: a value of BITS.
// Combinational. The packed form puts two bits into each LUT6_2; the plain one merges into the adder that takes the
// value.
module sw_shift_value #(
    parameter int M_BITS = 8,
    parameter int SHIFT = 1,
    parameter int BITS = 9,
    parameter bit PACKED = 0
) (
    input logic [M_BITS-1:0] m,
    input logic is_far,
    input logic zero,
    output logic [BITS-1:0] value
);
    logic [BITS-1:0] wide;
    assign wide = BITS'($signed(m));
    if (!PACKED) begin : g_plain
        assign value = zero ? '0 : is_far ? wide << SHIFT : wide;
    end else begin : g_packed
        // one LUT6_2 gives bits i and i + SHIFT: both may take wide[i]
        for (genvar i = 0; i < BITS; i++) begin : g_bit
            if ((i / SHIFT) % 2 == 0) begin : g_two
                logic below;
                logic above;
                logic upper;
                if (i >= SHIFT) begin : g_below
                    assign below = wide[i-SHIFT];
                end else begin : g_zero
                    assign below = 1'b0;
                end
                if (i + SHIFT < BITS) begin : g_above
                    assign above = wide[i+SHIFT];
                    assign value[i+SHIFT] = upper;
                end else begin : g_top
                    logic unused_upper;
                    assign above = 1'b0;
                    assign unused_upper = upper;
                end
                LUT6_2 #(.INIT(64'h0000_AACC_0000_CCF0)) u_lut (
                    .I0(below), .I1(wide[i]), .I2(above), .I3(is_far), .I4(zero), .I5(1'b1), .O6(value[i]), .O5(upper)
                );
            end
        end
    end
endmodule
