// What stands in front of a shift lane's register: the shift by the exponent's low bits.
// Behind it m, is_far (the exponent's high bit) and zero await the adder that takes them.
// In: a code of X_BITS and a weight code {zero, sign, exponent}. Out: m of M_BITS, signed. Latency: 1 cycle. Initiation
// interval: one cycle. Specification: the shift scheme of shiftwire/ops/weights/
module sw_shift_lane #(
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int WINDOW_BITS = 3,
    parameter bit HAS_ZERO = 1,
    parameter int M_BITS = 11,
    parameter bit GENERIC = 1,
    localparam int CODE_BITS = 32'(HAS_ZERO) + 1 + WINDOW_BITS
) (
    input logic clk,
    input logic [X_BITS-1:0] x,
    input logic [CODE_BITS-1:0] w,  // its sign is the parent's business
    output logic [M_BITS-1:0] m,
    output logic is_far,
    output logic zero
);
    localparam int WIDE_BITS = X_BITS + (X_SIGNED ? 0 : 1);
    localparam int IN_BITS = WIDE_BITS < M_BITS ? WIDE_BITS : M_BITS;
    logic [IN_BITS-1:0] wide;
    logic [M_BITS-1:0] shifted;
    if (IN_BITS <= X_BITS) begin : g_as_is
        assign wide = x[IN_BITS-1:0];
    end else begin : g_positive
        assign wide = {1'b0, x};
    end

    if (WINDOW_BITS <= 1) begin : g_wire
        assign shifted = M_BITS'($signed(wide));
    end else if (WINDOW_BITS == 2) begin : g_once
        sw_shift_value #(.M_BITS(IN_BITS), .SHIFT(1), .BITS(M_BITS), .PACKED(!GENERIC)) u_shift (
            .m(wide), .is_far(w[0]), .zero(1'b0), .value(shifted)
        );
    end else if (!GENERIC && WINDOW_BITS == 3 && X_BITS >= 3 && M_BITS > X_BITS + 1) begin : g_packed
        // the two lowest bits, and the two above x, see few bits of x: a LUT6_2 holds both
        for (genvar i = 0; i < M_BITS; i++) begin : g_bit
            if (i > 1 && i != X_BITS && i != X_BITS + 1) begin : g_alone
                logic [3:0] from;
                for (genvar k = 0; k < 4; k++) begin : g_from
                    if (i < k) begin : g_below
                        assign from[k] = 1'b0;
                    end else begin : g_inside
                        assign from[k] = wide[i-k<IN_BITS?i-k : IN_BITS-1];
                    end
                end
                assign shifted[i] = from[w[1:0]];
            end
        end
        LUT6_2 #(.INIT(64'h0000_00AC_0000_000A)) u_low (
            .I0(x[0]), .I1(x[1]), .I2(w[0]), .I3(w[1]), .I4(1'b0), .I5(1'b1), .O6(shifted[1]), .O5(shifted[0])
        );
        LUT6_2 #(.INIT(X_SIGNED ? 64'hAACC_F0F0_CCF0_F0F0 : 64'hAACC_F000_CCF0_0000)) u_high (
            .I0(x[X_BITS-3]), .I1(x[X_BITS-2]), .I2(x[X_BITS-1]), .I3(w[0]), .I4(w[1]), .I5(1'b1), .O6(shifted[X_BITS]),
            .O5(shifted[X_BITS+1])
        );
    end else begin : g_shift
        assign shifted = M_BITS'($signed(wide)) << w[WINDOW_BITS-2:0];
    end

    always_ff @(posedge clk) m <= shifted;
    if (HAS_ZERO) begin : g_zero
        always_ff @(posedge clk) zero <= w[CODE_BITS-1];
    end else begin : g_never_zero
        assign zero = 1'b0;
    end
    if (WINDOW_BITS > 0) begin : g_far
        always_ff @(posedge clk) is_far <= w[WINDOW_BITS-1];
    end else begin : g_near
        assign is_far = 1'b0;
    end
endmodule
