// What DSP48E1 and DSP48E2 add, for simulation: P = Z + W + X + Y + CIN or Z - (W + X + Y + CIN), one, two or four
// numbers side by side, from inputs without registers to P with one. W is 0 in a DSP48E1. Carries stay in a segment,
// CIN enters the lowest.
module sw_dsp48_adder #(
    parameter USE_SIMD = "ONE48"
) (
    input logic clk, clear, enable, carry_in,
    input logic [8:0] opmode,
    input logic [3:0] alumode,
    input logic [2:0] carry_select,
    input logic [47:0] ab,
    input logic [47:0] c,
    input logic [47:0] pcin,
    output logic [47:0] p
);
  localparam int SEGMENTS = USE_SIMD == "FOUR12" ? 4 : USE_SIMD == "TWO24" ? 2 : 1;
  localparam int BITS = 48 / SEGMENTS;
  logic [47:0] x, y, z, w, sum;
  always_comb begin
    x = opmode[1:0] == 2'b11 ? ab : opmode[1:0] == 2'b10 ? p : '0;
    y = opmode[3:2] == 2'b11 ? c : opmode[3:2] == 2'b10 ? '1 : '0;
    case (opmode[6:4])
      3'b000: z = '0;
      3'b001: z = pcin;
      3'b010: z = p;
      3'b011: z = c;
      3'b101: z = 48'($signed(pcin) >>> 17);
      default: z = 48'($signed(p) >>> 17);
    endcase
    w = opmode[8:7] == 2'b11 ? c : opmode[8:7] == 2'b01 ? p : '0;
    for (int i = 0; i < SEGMENTS; i++) begin
      logic [BITS-1:0] part;
      part = x[i*BITS+:BITS] + y[i*BITS+:BITS] + w[i*BITS+:BITS] + BITS'(i == 0 ? carry_in : 1'b0);
      sum[i*BITS+:BITS] = alumode == 4'b0011 ? z[i*BITS+:BITS] - part : z[i*BITS+:BITS] + part;
    end
  end
  always_ff @(posedge clk)
    if (clear) p <= '0;
    else if (enable) begin
      p <= sum;
      if (alumode != 4'b0000 && alumode != 4'b0011 || opmode[1:0] == 2'b01 || carry_select != '0)
        $fatal(1, "DSP48: OPMODE %b, ALUMODE %b", opmode, alumode);
    end
endmodule
