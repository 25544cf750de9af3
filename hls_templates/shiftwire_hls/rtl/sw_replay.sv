// The inputs of a position: given once, then read again for every later fold of filters; `data` comes the cycle after.
module sw_replay #(
    parameter int WIDTH = 8,
    parameter int WORDS = 4,
    parameter bit BLOCK = 0,
    localparam int PLACE = WORDS > 1 ? $clog2(WORDS) : 1
) (
    input logic clk,
    input logic is_new,
    input logic store,
    input logic [PLACE-1:0] place,
    input logic [WIDTH-1:0] given,
    output logic [WIDTH-1:0] data
);
    generate
        if (BLOCK) begin : block
            (* ram_style = "block" *) logic [WIDTH-1:0] memory[WORDS];
            logic [WIDTH-1:0] fresh, old;
            logic was_new;
            always_ff @(posedge clk) begin
                if (store) memory[place] <= given;
                old <= memory[place];
                fresh <= given;
                was_new <= is_new;
            end
            assign data = was_new ? fresh : old;
        end else begin : distributed
            (* ram_style = "distributed" *) logic [WIDTH-1:0] memory[WORDS];
            always_ff @(posedge clk) begin
                if (store) memory[place] <= given;
                data <= is_new ? given : memory[place];
            end
        end
    endgenerate
endmodule
