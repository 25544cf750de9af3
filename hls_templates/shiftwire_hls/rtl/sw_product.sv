// product = x * w, its low BITS bits. Latency: 2 cycles.
module sw_product #(
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 8,
    parameter bit W_SIGNED = 1,
    parameter int BITS = 16,
    parameter bit DSP = 0
) (
    input logic clk,
    input logic [X_BITS-1:0] x,
    input logic [W_BITS-1:0] w,
    output logic [BITS-1:0] product
);
  logic signed [X_BITS:0] held_x;
  logic signed [W_BITS:0] held_w;
  logic signed [BITS-1:0] wide_x;
  logic signed [BITS-1:0] wide_w;
  always_ff @(posedge clk) begin
    held_x <= {X_SIGNED & x[X_BITS-1], x};
    held_w <= {W_SIGNED & w[W_BITS-1], w};
  end
  assign wide_x = BITS'(held_x);
  assign wide_w = BITS'(held_w);
  if (DSP) begin : g_dsp
    (* use_dsp = "yes" *) logic [BITS-1:0] result;
    always_ff @(posedge clk) result <= wide_x * wide_w;
    assign product = result;
  end else begin : g_lut
    (* use_dsp = "no" *) logic [BITS-1:0] result;
    always_ff @(posedge clk) result <= wide_x * wide_w;
    assign product = result;
  end
endmodule
