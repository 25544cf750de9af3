// What the DSP48E2 does without its multiplier, for simulation, after UG579: P = Z + X + Y + W + CIN or Z - (W + X + Y + CIN), one,
// two or four numbers side by side, from inputs without registers to P with one. Carries stay in their segment, CIN
// enters the lowest. Anything else of the block is no part of this model and stops a simulation.
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off UNUSEDPARAM */
module DSP48E2 #(
    parameter USE_SIMD = "ONE48",
    parameter USE_MULT = "MULTIPLY",
    parameter int ACASCREG = 1,
    parameter int ADREG = 1,
    parameter int ALUMODEREG = 1,
    parameter int AREG = 1,
    parameter int BCASCREG = 1,
    parameter int BREG = 1,
    parameter int CARRYINREG = 1,
    parameter int CARRYINSELREG = 1,
    parameter int CREG = 1,
    parameter int DREG = 1,
    parameter int INMODEREG = 1,
    parameter int MREG = 1,
    parameter int OPMODEREG = 1,
    parameter int PREG = 1
) (
    input logic CLK,
    input logic [29:0] A,
    input logic [29:0] ACIN,
    input logic [17:0] B,
    input logic [17:0] BCIN,
    input logic [47:0] C,
    input logic [26:0] D,
    input logic [47:0] PCIN,
    input logic [8:0] OPMODE,
    input logic [3:0] ALUMODE,
    input logic [4:0] INMODE,
    input logic [2:0] CARRYINSEL,
    input logic CARRYIN, CARRYCASCIN, MULTSIGNIN,
    input logic CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP,
    input logic RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP,
    output logic [47:0] P,
    output logic [47:0] PCOUT,
    output logic [29:0] ACOUT,
    output logic [17:0] BCOUT,
    output logic [7:0] XOROUT,
    output logic [3:0] CARRYOUT,
    output logic CARRYCASCOUT, MULTSIGNOUT, OVERFLOW, UNDERFLOW, PATTERNDETECT, PATTERNBDETECT
);
  localparam int SEGMENTS = USE_SIMD == "FOUR12" ? 4 : USE_SIMD == "TWO24" ? 2 : 1;
  localparam int BITS = 48 / SEGMENTS;
  localparam int INSIDE = ADREG + ALUMODEREG + AREG + BREG + CARRYINREG + CARRYINSELREG + CREG + DREG + INMODEREG + MREG
      + OPMODEREG;
  logic [47:0] x, y, z, w, sum;
  initial if (USE_MULT != "NONE" || INSIDE != 0 || PREG != 1) $fatal(1, "DSP48E2: registers or a multiplier that this model has not");
  always_comb begin
    x = OPMODE[1:0] == 2'b11 ? {A, B} : OPMODE[1:0] == 2'b10 ? P : '0;
    y = OPMODE[3:2] == 2'b11 ? C : OPMODE[3:2] == 2'b10 ? '1 : '0;
    case (OPMODE[6:4])
      3'b000: z = '0;
      3'b001: z = PCIN;
      3'b010: z = P;
      3'b011: z = C;
      3'b101: z = 48'($signed(PCIN) >>> 17);
      default: z = 48'($signed(P) >>> 17);
    endcase
    w = OPMODE[8:7] == 2'b11 ? C : OPMODE[8:7] == 2'b01 ? P : '0;
    for (int i = 0; i < SEGMENTS; i++) begin
      logic [BITS-1:0] part;
      part = x[i*BITS+:BITS] + y[i*BITS+:BITS] + w[i*BITS+:BITS] + BITS'(i == 0 ? CARRYIN : 1'b0);
      sum[i*BITS+:BITS] = ALUMODE == 4'b0011 ? z[i*BITS+:BITS] - part : z[i*BITS+:BITS] + part;
    end
  end
  always_ff @(posedge CLK)
    if (RSTP) P <= '0;
    else if (CEP) begin
      P <= sum;
      if (ALUMODE != 4'b0000 && ALUMODE != 4'b0011 || OPMODE[1:0] == 2'b01 || CARRYINSEL != '0)
        $fatal(1, "DSP48E2: OPMODE %b, ALUMODE %b", OPMODE, ALUMODE);
    end
  assign PCOUT = P;
  assign {ACOUT, BCOUT, CARRYOUT, CARRYCASCOUT, MULTSIGNOUT, OVERFLOW, UNDERFLOW, PATTERNDETECT, PATTERNBDETECT} = '0;
  assign XOROUT = '0;
endmodule
/* verilator lint_on UNUSEDPARAM */
/* verilator lint_on UNUSEDSIGNAL */
