// What came in CYCLES cycles ago; none is a wire. In and out: WIDTH bits.
// Latency: CYCLES cycles. Initiation interval: one cycle.
module sw_delay #(
    parameter int WIDTH = 8,
    parameter int CYCLES = 2
) (
    input logic clk,
    input logic [WIDTH-1:0] from,
    output logic [WIDTH-1:0] to
);
    generate
        if (CYCLES == 0) begin : none
            assign to = from;
            wire unused = clk;
        end else begin : some
            localparam int BITS = CYCLES * WIDTH;
            logic [BITS-1:0] held;
            always_ff @(posedge clk) held <= BITS'({held, from});
            assign to = held[BITS-1-:WIDTH];
        end
    endgenerate
endmodule
