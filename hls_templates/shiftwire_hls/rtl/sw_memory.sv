// WORDS words that one side writes and the other reads: block RAM with BLOCK, else LUTRAM.
// A word that is read while it is written is the old one in LUTRAM, whose register takes it at the edge that writes.
// Block RAM may give anything, so no parent may use it: Verilator gives it inverted, and one who did would be found.
// In: a word of WIDTH bits to store, and where; where to read. Out: the word read, held while `read` is low.
// Latency: one cycle. Initiation interval: one cycle.
module sw_memory #(
    parameter int WIDTH = 8,
    parameter int WORDS = 4,
    parameter bit BLOCK = 0,
    localparam int PLACE = WORDS > 1 ? $clog2(WORDS) : 1
) (
    input logic clk,
    input logic store,
    input logic [PLACE-1:0] to,
    input logic [WIDTH-1:0] given,
    input logic read,
    input logic [PLACE-1:0] from,
    output logic [WIDTH-1:0] data
);
    logic [WIDTH-1:0] word;
    generate
        if (BLOCK) begin : block
`ifdef YOSYS
            (* ram_style = "block", no_rw_check *)
`else
            (* ram_style = "block", rw_addr_collision = "no" *)
`endif
            logic [WIDTH-1:0] memory[WORDS];
            always_ff @(posedge clk) begin
                if (store) memory[to] <= given;
                if (read) word <= memory[from];
            end
        end else begin : distributed
            (* ram_style = "distributed" *)
            logic [WIDTH-1:0] memory[WORDS];
            always_ff @(posedge clk) begin
                if (store) memory[to] <= given;
                if (read) word <= memory[from];
            end
        end
    endgenerate
`ifdef VERILATOR
    logic collided;
    always_ff @(posedge clk) if (read) collided <= BLOCK & store & to == from;
    assign data = word ^ {WIDTH{collided}};
`else
    assign data = word;
`endif
endmodule
