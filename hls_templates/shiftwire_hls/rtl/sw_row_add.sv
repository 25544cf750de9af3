// sum = a + row_a + row_b, modulo 2**BITS, the rows unsigned. In: an operand of BITS and two rows of ROW_BITS, at most
// BITS. Out: one sum of BITS. Combinational. The Xilinx form takes a LUT a bit: its sum of three goes into the carry
// chain, its majority to the next bit.
module sw_row_add #(
    parameter int BITS = 8,
    parameter int ROW_BITS = 4,
    parameter bit GENERIC = 1
) (
    input logic [BITS-1:0] a,
    input logic [ROW_BITS-1:0] row_a,
    input logic [ROW_BITS-1:0] row_b,
    output logic [BITS-1:0] sum
);
    if (GENERIC) begin : g_plain
        assign sum = a + BITS'(row_a) + BITS'(row_b);
    end else begin : g_chain
        logic [BITS-1:0] half;
        logic [BITS:0] more;
        logic unused_carry;
        assign more[0] = 1'b0;
        for (genvar i = 0; i < BITS; i++) begin : g_bit
            if (i < ROW_BITS) begin : g_three
                LUT6_2 #(.INIT(64'h6996_6996_E8E8_E8E8)) u_lut (
                    .I0(a[i]), .I1(row_a[i]), .I2(row_b[i]), .I3(more[i]), .I4(1'b0), .I5(1'b1), .O6(half[i]),
                    .O5(more[i+1])
                );
            end else begin : g_one
                assign half[i] = a[i] ^ more[i];
                assign more[i+1] = 1'b0;
            end
        end
        wire unused = more[BITS];
        sw_carry_chain #(.BITS(BITS)) u_chain (
            .propagate(half), .generate_bit(more[BITS-1:0]), .carry_in(1'b0), .sum, .carry_out(unused_carry)
        );
    end
endmodule
