// SEGMENTS adders side by side in one DSP48 block, which multiplies nothing: sum = a + b, or with ACCUMULATE the sum of
// all a + b since `starts`. CELL: 0 plain operators, 1 DSP48E1, 2 DSP48E2; all do the same. UG479 and UG579, USE_SIMD.
// In: SEGMENTS numbers of 48 / SEGMENTS bits each (2 or 4 segments), the first in the low bits; `enable` where they count.
// Out: as many sums, each modulo its segment's bits, held until the next `enable`. No carry crosses segments.
// Latency: one cycle. Initiation interval: one cycle.
module sw_dsp_add #(
    parameter int SEGMENTS = 4,
    parameter bit ACCUMULATE = 0,
    parameter int CELL = 0
) (
    input logic clk,
    input logic enable,
    input logic starts,
    input logic [47:0] a,
    input logic [47:0] b,
    output logic [47:0] sum
);
    // X takes a, Y takes b, Z the sum before or nothing
    wire goes_on = ACCUMULATE & ~starts;
    if (CELL == 0) begin : g_plain
        localparam int BITS = 48 / SEGMENTS;
        for (genvar i = 0; i < SEGMENTS; i++) begin : g_segment
            wire [BITS-1:0] kept = goes_on ? sum[i*BITS+:BITS] : '0;
            always_ff @(posedge clk) if (enable) sum[i*BITS+:BITS] <= kept + a[i*BITS+:BITS] + b[i*BITS+:BITS];
        end
    end else if (CELL == 1) begin : g_series_7
        /* verilator lint_off PINCONNECTEMPTY */
        DSP48E1 #(
            .USE_SIMD(SEGMENTS == 2 ? "TWO24" : "FOUR12"), .USE_MULT("NONE"), .USE_DPORT("FALSE"), .ACASCREG(0), .ADREG(0),
            .ALUMODEREG(0), .AREG(0), .BCASCREG(0), .BREG(0), .CARRYINREG(0), .CARRYINSELREG(0), .CREG(0), .DREG(0),
            .INMODEREG(0), .MREG(0), .OPMODEREG(0), .PREG(1)
        ) u_block (
            .CLK(clk), .A(a[47:18]), .B(a[17:0]), .C(b), .D(25'b0), .P(sum), .OPMODE({1'b0, goes_on, 5'b01111}), .ALUMODE(4'b0),
            .INMODE(5'b0), .CARRYIN(1'b0), .CARRYINSEL(3'b0), .CEP(enable), .CEA1(1'b0), .CEA2(1'b0), .CEAD(1'b0),
            .CEALUMODE(1'b0), .CEB1(1'b0), .CEB2(1'b0), .CEC(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b0), .CED(1'b0),
            .CEINMODE(1'b0), .CEM(1'b0), .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0),
            .RSTCTRL(1'b0), .RSTD(1'b0), .RSTINMODE(1'b0), .RSTM(1'b0), .RSTP(1'b0), .ACIN(30'b0), .BCIN(18'b0),
            .PCIN(48'b0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0), .ACOUT(), .BCOUT(), .PCOUT(), .CARRYCASCOUT(),
            .MULTSIGNOUT(), .CARRYOUT(), .OVERFLOW(), .UNDERFLOW(), .PATTERNDETECT(), .PATTERNBDETECT()
        );
    end else begin : g_ultrascale
        DSP48E2 #(
            .USE_SIMD(SEGMENTS == 2 ? "TWO24" : "FOUR12"), .USE_MULT("NONE"), .ACASCREG(0), .ADREG(0), .ALUMODEREG(0),
            .AREG(0), .BCASCREG(0), .BREG(0), .CARRYINREG(0), .CARRYINSELREG(0), .CREG(0), .DREG(0), .INMODEREG(0), .MREG(0),
            .OPMODEREG(0), .PREG(1)
        ) u_block (
            .CLK(clk), .A(a[47:18]), .B(a[17:0]), .C(b), .D(27'b0), .P(sum), .OPMODE({3'b0, goes_on, 5'b01111}), .ALUMODE(4'b0),
            .INMODE(5'b0), .CARRYIN(1'b0), .CARRYINSEL(3'b0), .CEP(enable), .CEA1(1'b0), .CEA2(1'b0), .CEAD(1'b0),
            .CEALUMODE(1'b0), .CEB1(1'b0), .CEB2(1'b0), .CEC(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b0), .CED(1'b0),
            .CEINMODE(1'b0), .CEM(1'b0), .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0),
            .RSTCTRL(1'b0), .RSTD(1'b0), .RSTINMODE(1'b0), .RSTM(1'b0), .RSTP(1'b0), .ACIN(30'b0), .BCIN(18'b0),
            .PCIN(48'b0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0), .ACOUT(), .BCOUT(), .PCOUT(), .CARRYCASCOUT(),
            .MULTSIGNOUT(), .CARRYOUT(), .OVERFLOW(), .UNDERFLOW(), .PATTERNDETECT(), .PATTERNBDETECT(), .XOROUT()
        );
        /* verilator lint_on PINCONNECTEMPTY */
    end
endmodule
