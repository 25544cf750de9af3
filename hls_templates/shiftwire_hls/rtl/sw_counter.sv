// Counts 0 to STEPS - 1 and starts again; `last` tells that the next step starts again.
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
    assign last = value == BITS'(STEPS - 1);

    always_ff @(posedge clk)
        if (rst) value <= '0;
        else if (step) value <= last ? '0 : value + 1'b1;
endmodule
