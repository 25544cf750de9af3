// The inputs of a position: stored as they come, read for every fold of filters. In and out: words of WIDTH bits, at a
// place of WORDS. Latency: `data` comes two cycles after `place`. Initiation interval: one cycle.
module sw_replay #(
    parameter int WIDTH = 8,
    parameter int WORDS = 4,
    parameter bit BLOCK = 0,
    localparam int PLACE = WORDS > 1 ? $clog2(WORDS) : 1
) (
    input logic clk,
    input logic store,
    input logic [PLACE-1:0] place,
    input logic [WIDTH-1:0] given,
    output logic [WIDTH-1:0] data
);
    logic [PLACE-1:0] from;
    always_ff @(posedge clk) from <= place;
    sw_memory #(.WIDTH(WIDTH), .WORDS(WORDS), .BLOCK(BLOCK)) inputs (
        .clk, .store, .to(place), .given, .read(1'b1), .from, .data
    );
endmodule
