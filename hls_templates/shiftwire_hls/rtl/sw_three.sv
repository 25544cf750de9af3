// How many of three bits are 1. In: three bits. Out: a count of 2 bits. Combinational. The Xilinx form takes one LUT.
module sw_three #(
    parameter bit GENERIC = 1
) (
    input logic [2:0] bits,
    output logic [1:0] count
);
    if (GENERIC) begin : g_plain
        assign count = 2'(bits[0]) + 2'(bits[1]) + 2'(bits[2]);
    end else begin : g_lut
        LUT6_2 #(.INIT(64'h9696_9696_E8E8_E8E8)) u_lut (
            .I0(bits[0]), .I1(bits[1]), .I2(bits[2]), .I3(1'b0), .I4(1'b0), .I5(1'b1), .O6(count[0]), .O5(count[1])
        );
    end
endmodule
