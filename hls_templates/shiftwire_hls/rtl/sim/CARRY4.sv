// What the Xilinx primitive of this name does, for simulation: four bits of a carry chain. Combinational.
module CARRY4 (
    input logic CI,
    input logic CYINIT,
    input logic [3:0] DI,
    input logic [3:0] S,
    output logic [3:0] CO,
    output logic [3:0] O
);
  logic c0;
  logic c1;
  logic c2;
  logic c3;
  assign c0 = CI | CYINIT;
  assign c1 = S[0] ? c0 : DI[0];
  assign c2 = S[1] ? c1 : DI[1];
  assign c3 = S[2] ? c2 : DI[2];
  assign CO = {S[3] ? c3 : DI[3], c3, c2, c1};
  assign O = S ^ {c3, c2, c1, c0};
endmodule
