// greater = x > w, both unsigned. Combinational. The Xilinx form compares two bits in each position of a carry chain.
module sw_greater #(
    parameter int BITS = 8,
    parameter bit GENERIC = 1
) (
    input logic [BITS-1:0] x,
    input logic [BITS-1:0] w,
    output logic greater
);
  if (GENERIC) begin : g_plain
    assign greater = x > w;
  end else begin : g_chain
    localparam int Twos = (BITS + 1) / 2;
    logic [2*Twos-1:0] x_even;
    logic [2*Twos-1:0] w_even;
    logic [Twos-1:0] equal;
    logic [Twos-1:0] above;
    logic [Twos-1:0] unused_sum;
    assign x_even = (2 * Twos)'(x);
    assign w_even = (2 * Twos)'(w);
    for (genvar k = 0; k < Twos; k++) begin : g_two
      LUT6_2 #(
          .INIT(64'h8421_8421_08CE_08CE)
      ) u_lut (
          .I0(x_even[2*k]),
          .I1(x_even[2*k+1]),
          .I2(w_even[2*k]),
          .I3(w_even[2*k+1]),
          .I4(1'b0),
          .I5(1'b1),
          .O6(equal[k]),
          .O5(above[k])
      );
    end
    sw_carry_chain #(
        .BITS(Twos)
    ) u_chain (
        .propagate(equal),
        .generate_bit(above),
        .carry_in(1'b0),
        .sum(unused_sum),
        .carry_out(greater)
    );
  end
endmodule
