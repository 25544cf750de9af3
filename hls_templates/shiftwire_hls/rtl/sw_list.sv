// A list of what each iteration is, over and over: FIRST, SECOND, then the words of a file of hexadecimal words, of which
// the last two are FIRST and SECOND again. It is read two iterations ahead, so that a word stands in a register, as a
// counter's does, whatever memory it comes from.
// In: `step`, and the number of the iteration at work. Out: its word of WIDTH bits. Latency: one cycle from a step to the
// next word. Initiation interval: one cycle a step. Specification: shiftwire/units/sums/order.py
module sw_list #(
    parameter int WIDTH = 4,
    parameter int WORDS = 4,
    parameter int FIRST = 0,
    parameter int SECOND = 0,
    parameter FILE = "",
    parameter bit BLOCK = 0,
    localparam int BITS = WORDS > 1 ? $clog2(WORDS) : 1
) (
    input logic clk,
    input logic rst,
    input logic step,
    input logic [BITS-1:0] address,
    output logic [WIDTH-1:0] word
);
    logic is_fresh;
    logic [WIDTH-1:0] ahead, read;
    generate
        if (BLOCK) begin : block
            (* rom_style = "block" *)
            logic [WIDTH-1:0] memory[WORDS];
            initial $readmemh(FILE, memory);
            always_ff @(posedge clk) if (step) read <= memory[address];
        end else begin : distributed
`ifdef YOSYS
            (* rom_style = "logic" *)
`else
            (* rom_style = "distributed" *)
`endif
            logic [WIDTH-1:0] memory[WORDS];
            initial $readmemh(FILE, memory);
            always_ff @(posedge clk) if (step) read <= memory[address];
        end
    endgenerate
    assign ahead = is_fresh ? WIDTH'(SECOND) : read;
    always_ff @(posedge clk)
        if (rst) begin
            is_fresh <= 1'b1;
            word <= WIDTH'(FIRST);
        end else if (step) begin
            is_fresh <= 1'b0;
            word <= ahead;
        end
endmodule
