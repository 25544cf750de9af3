// greater = x > w, both unsigned. In: two codes of BITS. Out: one bit. Combinational. The Xilinx form compares two bits
// in each position of a carry chain.
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
        localparam int TWOS = (BITS + 1) / 2;
        logic [2*TWOS-1:0] x_even;
        logic [2*TWOS-1:0] w_even;
        logic [TWOS-1:0] equal;
        logic [TWOS-1:0] above;
        logic [TWOS-1:0] unused_sum;
        assign x_even = (2 * TWOS)'(x);
        assign w_even = (2 * TWOS)'(w);
        for (genvar k = 0; k < TWOS; k++) begin : g_two
            LUT6_2 #(.INIT(64'h8421_8421_08CE_08CE)) u_lut (
                .I0(x_even[2*k]), .I1(x_even[2*k+1]), .I2(w_even[2*k]), .I3(w_even[2*k+1]), .I4(1'b0), .I5(1'b1),
                .O6(equal[k]), .O5(above[k])
            );
        end
        sw_carry_chain #(.BITS(TWOS)) u_chain (
            .propagate(equal), .generate_bit(above), .carry_in(1'b0), .sum(unused_sum), .carry_out(greater)
        );
    end
endmodule
