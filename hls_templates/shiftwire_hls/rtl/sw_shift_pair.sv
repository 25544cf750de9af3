// sum = a + (differ ? -1 : 1) * b of two shifted operands, each zero ? 0 : far ? m << SHIFT : m. Combinational.
module sw_shift_pair #(
    parameter int M_BITS = 8,
    parameter int SHIFT = 1,
    parameter int VALUE_BITS = 9,
    parameter int BITS = 10,
    parameter bit GENERIC = 1
) (
    input logic [2*M_BITS-1:0] m,
    input logic [1:0] far,
    input logic [1:0] zero,
    input logic differ,
    output logic [BITS-1:0] sum
);
  logic [VALUE_BITS-1:0] a;
  logic [VALUE_BITS-1:0] b;
  logic [BITS-1:0] wide_a;
  logic [BITS-1:0] wide_b;
  sw_shift_value #(
      .M_BITS(M_BITS),
      .SHIFT(SHIFT),
      .BITS(VALUE_BITS),
      .PACKED(!GENERIC && SHIFT > 0)
  ) u_a (
      .m(m[M_BITS-1:0]),
      .far(far[0]),
      .zero(zero[0]),
      .value(a)
  );
  sw_shift_value #(
      .M_BITS(M_BITS),
      .SHIFT(SHIFT),
      .BITS(VALUE_BITS)
  ) u_b (
      .m(m[2*M_BITS-1:M_BITS]),
      .far(far[1]),
      .zero(zero[1]),
      .value(b)
  );
  assign wide_a = BITS'($signed(a));
  assign wide_b = BITS'($signed(b));
  sw_carry_add #(
      .BITS(BITS),
      .GENERIC(GENERIC)
  ) u_add (
      .a(wide_a),
      .b(wide_b ^ {BITS{differ}}),
      .carry_in(differ),
      .sum(sum)
  );
endmodule
