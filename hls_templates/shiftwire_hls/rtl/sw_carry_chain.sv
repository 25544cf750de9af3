// A Xilinx carry chain: sum = propagate ^ carry, where the carry after a bit is the carry before it if `propagate`,
// else `generate_bit`; carry_out is the last one. In and out: BITS bits, bit 0 first in the chain. Combinational.
module sw_carry_chain #(
    parameter int BITS = 8
) (
    input logic [BITS-1:0] propagate,
    input logic [BITS-1:0] generate_bit,
    input logic carry_in,
    output logic [BITS-1:0] sum,
    output logic carry_out
);
    localparam int BLOCKS = (BITS + 3) / 4;
    logic [4*BLOCKS-1:0] s;
    logic [4*BLOCKS-1:0] di;
    /* verilator lint_off UNUSEDSIGNAL */  // the last block's upper bits and carries lead nowhere
    logic [4*BLOCKS-1:0] o;
    logic [4*BLOCKS-1:0] co;
    /* verilator lint_on UNUSEDSIGNAL */
    assign s = (4 * BLOCKS)'(propagate);
    assign di = (4 * BLOCKS)'(generate_bit);
    assign sum = o[BITS-1:0];
    assign carry_out = co[BITS-1];
    for (genvar k = 0; k < BLOCKS; k++) begin : g_block
        if (k == 0) begin : g_first
            CARRY4 u_carry (.CO(co[3:0]), .O(o[3:0]), .CI(1'b0), .CYINIT(carry_in), .DI(di[3:0]), .S(s[3:0]));
        end else begin : g_next
            CARRY4 u_carry (
                .CO(co[4*k+:4]), .O(o[4*k+:4]), .CI(co[4*k-1]), .CYINIT(1'b0), .DI(di[4*k+:4]), .S(s[4*k+:4])
            );
        end
    end
endmodule
