// One output of a shift layer: the sum over SIMD lanes of (sign ? -1 : 1) * (x << exponent), unless zero.
// Specification: flow/shiftwire/shift_weights.py. A lane's weight code, from the high bit:
// zero (only if HAS_ZERO), sign, exponent[WINDOW_BITS-1:0]. More terms a weight are more lanes, or more cycles.
// accumulate and finish come 1 + clog2(SIMD) cycles after x and w, y one cycle after them (see sw_accumulator).
module sw_shift_pe #(
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int WINDOW_BITS = 3,
    parameter bit HAS_ZERO = 1,
    parameter int ACC_BITS = 18,
    parameter int SIMD = 1,
    parameter bit GENERIC = 1,
    localparam int CodeBits = 32'(HAS_ZERO) + 1 + WINDOW_BITS
) (
    input logic clk,
    input logic [SIMD*X_BITS-1:0] x,
    input logic [SIMD*CodeBits-1:0] w,
    input logic accumulate,
    input logic finish,
    output logic signed [ACC_BITS-1:0] y
);
  // the exponent's low bits shift before the register, its high bit shifts by Far on the way into an adder
  localparam int Far = WINDOW_BITS > 0 ? 1 << (WINDOW_BITS - 1) : 0;
  localparam int Full = X_BITS + (X_SIGNED ? 0 : 1) + (1 << WINDOW_BITS) - 1;
  localparam int MBits = Full - Far < ACC_BITS ? Full - Far : ACC_BITS;
  localparam int ValueBits = Full < ACC_BITS ? Full : ACC_BITS;
  localparam int PairBits = Full + 1 < ACC_BITS ? Full + 1 : ACC_BITS;
  localparam int Pairs = SIMD / 2;
  localparam int Items = SIMD - Pairs;
  localparam int ItemBits = SIMD == 1 ? ValueBits : PairBits;
  localparam int SumNatural = ItemBits + $clog2(Items);
  localparam int SumBits = SumNatural < ACC_BITS ? SumNatural : ACC_BITS;

  logic [SIMD*MBits-1:0] m;
  logic [SIMD-1:0] far;
  logic [SIMD-1:0] zero;
  logic [SIMD-1:0] sign;
  logic [Items*ItemBits-1:0] item;
  logic [Items-1:0] item_negate_early;
  logic [SumBits-1:0] sum;
  logic [ACC_BITS-1:0] value;
  logic sum_negate_early;
  logic sum_carry;

  for (genvar i = 0; i < SIMD; i++) begin : g_lane
    sw_shift_lane #(
        .X_BITS(X_BITS),
        .X_SIGNED(X_SIGNED),
        .WINDOW_BITS(WINDOW_BITS),
        .HAS_ZERO(HAS_ZERO),
        .M_BITS(MBits),
        .GENERIC(GENERIC)
    ) u_lane (
        .clk(clk),
        .x(x[i*X_BITS+:X_BITS]),
        .w(w[i*CodeBits+:CodeBits]),
        .m(m[i*MBits+:MBits]),
        .far(far[i]),
        .zero(zero[i])
    );
    assign sign[i] = w[i*CodeBits+WINDOW_BITS];
  end

  for (genvar i = 0; i < Pairs; i++) begin : g_pair
    logic [PairBits-1:0] pair;
    logic negate;
    logic differ;
    always_ff @(posedge clk) {negate, differ} <= {sign[2*i], sign[2*i] ^ sign[2*i+1]};
    sw_shift_pair #(
        .M_BITS(MBits),
        .SHIFT(Far),
        .VALUE_BITS(ValueBits),
        .BITS(PairBits),
        .GENERIC(GENERIC)
    ) u_pair (
        .m(m[2*i*MBits+:2*MBits]),
        .far(far[2*i+:2]),
        .zero(zero[2*i+:2]),
        .differ(differ),
        .sum(pair)
    );
    assign item_negate_early[i] = negate;
    always_ff @(posedge clk) item[i*ItemBits+:ItemBits] <= pair;
  end

  // an odd lane waits unshifted and stands last, where the tree's adder takes its shift in
  if (SIMD % 2 == 1) begin : g_odd
    logic [MBits-1:0] odd_m;
    logic odd_far;
    logic odd_zero;
    if (SIMD == 1) begin : g_alone
      assign {odd_m, odd_far, odd_zero, item_negate_early[0]} = {m, far, zero, sign};
    end else begin : g_waits
      always_ff @(posedge clk) begin
        {odd_m, odd_far, odd_zero} <= {m[(SIMD-1)*MBits+:MBits], far[SIMD-1], zero[SIMD-1]};
        item_negate_early[Items-1] <= sign[SIMD-1];
      end
    end
    sw_shift_value #(
        .M_BITS(MBits),
        .SHIFT(Far),
        .BITS(ItemBits)
    ) u_odd (
        .m(odd_m),
        .far(odd_far),
        .zero(odd_zero),
        .value(item[(Items-1)*ItemBits+:ItemBits])
    );
  end

  sw_tree #(
      .N(Items),
      .BITS(ItemBits),
      .SIGNED(1),
      .OUT_BITS(SumBits),
      .GENERIC(GENERIC)
  ) u_tree (
      .clk(clk),
      .value(item),
      .negate_early(item_negate_early),
      .carry({Items{1'b0}}),
      .sum(sum),
      .sum_negate_early(sum_negate_early),
      .sum_carry(sum_carry)
  );
  assign value = ACC_BITS'($signed(sum));
  sw_accumulator #(
      .BITS(ACC_BITS),
      .GENERIC(GENERIC)
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
