// Two Booth rows in one adder: x * (digit + 4 * next digit) = sum + code[1], for code = w[3:-1] of the recoded weight.
// Combinational; x and sum are signed.
module sw_booth_pair #(
    parameter int X_BITS = 8
) (
    input logic [X_BITS-1:0] x,
    input logic [4:0] code,
    output logic [X_BITS+3:0] sum
);
  (* keep *) logic [X_BITS:0] low;  // else both rows are pulled into every bit of the adder
  logic [X_BITS:0] high;
  logic [X_BITS+1:0] a;
  logic [X_BITS+1:0] b;
  sw_booth_row #(
      .X_BITS(X_BITS)
  ) u_low (
      .x(x),
      .code(code[2:0]),
      .row(low)
  );
  sw_booth_row #(
      .X_BITS(X_BITS)
  ) u_high (
      .x(x),
      .code(code[4:2]),
      .row(high)
  );
  assign a = (X_BITS + 2)'($signed(low[X_BITS:2]));
  assign b = (X_BITS + 2)'($signed(high));
  assign sum[1:0] = low[1:0];
  sw_carry_add #(
      .BITS(X_BITS + 2),
      .GENERIC(0)
  ) u_add (
      .a(a),
      .b(b),
      .carry_in(code[4]),
      .sum(sum[X_BITS+3:2])
  );
endmodule
