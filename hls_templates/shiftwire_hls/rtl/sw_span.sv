// Counts 0 to STEPS - 1 and starts again; `is_in` tells that the count is from BEGIN to before END.
// In: `step`. Out: whether the count at work is in, whether it is the last. Latency: one cycle. Initiation interval:
// one cycle a step. Specification: shiftwire/units/crop.py
module sw_span #(
    parameter int STEPS = 2,
    parameter int BEGIN = 0,
    parameter int END = 1
) (
    input logic clk,
    input logic rst,
    input logic step,
    output logic is_in,
    output logic last
);
    localparam int BITS = STEPS > 1 ? $clog2(STEPS) : 1;
    logic [BITS-1:0] value;
    sw_counter #(.STEPS(STEPS)) counter (.clk, .rst, .step, .value, .last);
    // a register: what `is_in` decides is known as soon as the cycle begins
    always_ff @(posedge clk)
        if (rst) is_in <= BEGIN == 0;
        else if (step) begin
            if (last) is_in <= BEGIN == 0;
            else if (value == BITS'(BEGIN - 1)) is_in <= 1'b1;
            else if (value == BITS'(END - 1)) is_in <= 1'b0;
        end
endmodule
