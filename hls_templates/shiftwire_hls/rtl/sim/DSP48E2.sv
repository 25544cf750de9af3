// What the DSP48E2 does without its multiplier, for simulation, after UG579: see sw_dsp48_adder.sv. Anything else of
// the block is no part of this model and stops a simulation.
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
  localparam int INSIDE = ADREG + ALUMODEREG + AREG + BREG + CARRYINREG + CARRYINSELREG + CREG + DREG + INMODEREG + MREG
      + OPMODEREG;
  initial
    if (USE_MULT != "NONE" || INSIDE != 0 || PREG != 1)
      $fatal(1, "DSP48E2: registers or a multiplier that this model has not");
  sw_dsp48_adder #(.USE_SIMD(USE_SIMD)) adder (
      .clk(CLK), .clear(RSTP), .enable(CEP), .carry_in(CARRYIN), .opmode(OPMODE), .alumode(ALUMODE),
      .carry_select(CARRYINSEL), .ab({A, B}), .c(C), .pcin(PCIN), .p(P)
  );
  assign PCOUT = P;
  assign {ACOUT, BCOUT, CARRYOUT, CARRYCASCOUT, MULTSIGNOUT, OVERFLOW, UNDERFLOW, PATTERNDETECT, PATTERNBDETECT} = '0;
  assign XOROUT = '0;
endmodule
/* verilator lint_on UNUSEDPARAM */
/* verilator lint_on UNUSEDSIGNAL */
