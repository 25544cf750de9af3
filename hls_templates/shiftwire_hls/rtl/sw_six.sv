// How many of six bits are 1. In: six bits. Out: a count of 3 bits. Combinational. The Xilinx form takes two LUTs: five
// bits give the parity and how many pairs there are, and the sixth comes in as the carry.
module sw_six #(
    parameter bit GENERIC = 1
) (
    input logic [5:0] bits,
    output logic [2:0] count
);
    if (GENERIC) begin : g_plain
        assign count = 3'(bits[0]) + 3'(bits[1]) + 3'(bits[2]) + 3'(bits[3]) + 3'(bits[4]) + 3'(bits[5]);
    end else begin : g_chain
        logic is_pair;
        logic are_two_pairs;
        LUT6_2 #(.INIT(64'h177E_7EE8_E880_8000)) u_pairs (
            .I0(bits[0]), .I1(bits[1]), .I2(bits[2]), .I3(bits[3]), .I4(bits[4]), .I5(1'b1), .O6(is_pair),
            .O5(are_two_pairs)
        );
        sw_carry_chain #(.BITS(2)) u_chain (
            .propagate({is_pair, ^bits[4:0]}), .generate_bit({are_two_pairs, 1'b0}), .carry_in(bits[5]),
            .sum(count[1:0]), .carry_out(count[2])
        );
    end
endmodule
