// Constants from a file of hexadecimal words: block RAM, whose data come late in a cycle, takes the first of MORE
// registers in.
// In: an address of WORDS. Out: the word of WIDTH bits. Latency: 1 + MORE cycles. Initiation interval: one cycle.
module sw_rom #(
    parameter int WIDTH = 8,
    parameter int WORDS = 2,
    parameter FILE = "",
    parameter bit BLOCK = 0,
    parameter int MORE = 0,
    localparam int BITS = WORDS > 1 ? $clog2(WORDS) : 1
) (
    input logic clk,
    input logic [BITS-1:0] address,
    output logic [WIDTH-1:0] data
);
    logic [WIDTH-1:0] word;
    generate
        if (BLOCK) begin : block
            (* rom_style = "block" *)
            logic [WIDTH-1:0] memory[WORDS];
            initial $readmemh(FILE, memory);
            always_ff @(posedge clk) word <= memory[address];
        end else begin : distributed
`ifdef YOSYS
            (* rom_style = "logic" *)
`else
            (* rom_style = "distributed" *)
`endif
            logic [WIDTH-1:0] memory[WORDS];
            initial $readmemh(FILE, memory);
            always_ff @(posedge clk) word <= memory[address];
        end
    endgenerate
    sw_delay #(.WIDTH(WIDTH), .CYCLES(MORE)) registers (.clk, .from(word), .to(data));
endmodule
