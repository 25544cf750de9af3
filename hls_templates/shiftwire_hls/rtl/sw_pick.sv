// One of COUNT words, by its number: a choice that no tool can take for a shift by number * WIDTH. In a part-select at a
// multiplied place, whoever does not rewrite the product builds a multiplier and a barrel shifter.
// In: COUNT words of WIDTH bits, word 0 in the low bits, and a number below COUNT. Out: that word. Combinational.
module sw_pick #(
    parameter int COUNT = 3,
    parameter int WIDTH = 8,
    localparam int BITS = COUNT > 1 ? $clog2(COUNT) : 1
) (
    input logic [COUNT*WIDTH-1:0] words,
    input logic [BITS-1:0] number,
    output logic [WIDTH-1:0] word
);
    logic [WIDTH-1:0] by_number[COUNT];
    for (genvar n = 0; n < COUNT; n++) begin : g_word
        assign by_number[n] = words[n*WIDTH+:WIDTH];
    end
    assign word = by_number[number];
endmodule
