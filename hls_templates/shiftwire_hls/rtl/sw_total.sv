// The sum of x over SIMD lanes and over the tokens of a sum; what the min form of an adder layer subtracts.
// Specification: flow/shiftwire/ops/weights.py.
// accumulate and finish come 1 + clog2(SIMD) cycles after x, y one cycle after them (see sw_accumulator).
module sw_total #(
    parameter int BITS = 8,
    parameter bit SIGNED = 0,
    parameter int ACC_BITS = 18,
    parameter int SIMD = 1
) (
    input logic clk,
    input logic [SIMD*BITS-1:0] x,
    input logic accumulate,
    input logic finish,
    output logic [ACC_BITS-1:0] y
);
  localparam int ItemBits = BITS < ACC_BITS ? BITS : ACC_BITS;
  localparam int SumNatural = ItemBits + $clog2(SIMD);
  localparam int SumBits = SumNatural < ACC_BITS ? SumNatural : ACC_BITS;
  logic [SIMD*ItemBits-1:0] item;
  logic [SumBits-1:0] sum;
  logic [ACC_BITS-1:0] value;
  logic sum_negate_early;
  logic sum_carry;
  for (genvar i = 0; i < SIMD; i++) begin : g_lane
    always_ff @(posedge clk) item[i*ItemBits+:ItemBits] <= x[i*BITS+:ItemBits];
  end
  sw_tree #(
      .N(SIMD),
      .BITS(ItemBits),
      .SIGNED(SIGNED),
      .OUT_BITS(SumBits)
  ) u_tree (
      .clk(clk),
      .value(item),
      .negate_early({SIMD{1'b0}}),
      .carry({SIMD{1'b0}}),
      .sum(sum),
      .sum_negate_early(sum_negate_early),
      .sum_carry(sum_carry)
  );
  if (SIGNED) begin : g_signed
    assign value = ACC_BITS'($signed(sum));
  end else begin : g_unsigned
    assign value = ACC_BITS'(sum);
  end
  sw_accumulator #(
      .BITS(ACC_BITS)
  ) u_accumulator (
      .clk(clk),
      .accumulate(accumulate),
      .finish(finish),
      .value(value),
      .negate_early(sum_negate_early),
      .carry(sum_carry),
      .y(y)
  );
endmodule
