// What stands in front of a shift lane's register: the shift by the exponent's low bits. Latency: 1 cycle.
// Behind it m, is_far (the exponent's high bit) and zero await the adder that takes them.
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
