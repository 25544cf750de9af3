// Counts 0 to STEPS - 1 and starts again; `last` tells that the next step starts again.
// In: `step`. Out: the count, which of the steps is at work. Latency: one cycle. Initiation interval: one cycle a step.
module sw_counter #(
    parameter int STEPS = 2,
    localparam int BITS = STEPS > 1 ? $clog2(STEPS) : 1
) (
    input logic clk,
    input logic rst,
    input logic step,
    output logic [BITS-1:0] value,
    output logic last
);
    // a register: what `last` decides is known as soon as the cycle begins
    always_ff @(posedge clk)
        if (rst) begin
            value <= '0;
            last <= STEPS == 1;
        end else if (step) begin
            value <= last ? '0 : value + 1'b1;
            last <= STEPS == 1 || value == BITS'(STEPS - 2);
        end
endmodule
