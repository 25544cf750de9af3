// sum = a + b + carry_in, modulo 2**BITS. In: two operands of BITS. Out: one sum of BITS. Combinational.
// The Xilinx form spells the carry chain, so that logic in front of b and carry_in merges into the chain's LUTs;
// logic in front of a does not.
module sw_carry_add #(
    parameter int BITS = 8,
    parameter bit GENERIC = 1
) (
    input logic [BITS-1:0] a,
    input logic [BITS-1:0] b,
    input logic carry_in,
    output logic [BITS-1:0] sum
);
    if (GENERIC) begin : g_plain
        assign sum = a + b + BITS'(carry_in);
    end else begin : g_chain
        logic unused_carry;
        sw_carry_chain #(.BITS(BITS)) u_chain (
            .propagate(a ^ b), .generate_bit(a), .carry_in, .sum, .carry_out(unused_carry)
        );
    end
endmodule
