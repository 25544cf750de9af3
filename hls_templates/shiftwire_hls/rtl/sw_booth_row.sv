// A row of a radix-4 Booth multiplier, in ones' complement: x * digit = row + code[2], where the digit
// -2 * code[2] + code[1] + code[0] is one of -2, -1, 0, 1, 2.
// In: x of X_BITS, signed, and three bits of the weight. Out: a row of X_BITS + 1, signed. Combinational.
module sw_booth_row #(
    parameter int X_BITS = 8
) (
    input logic [X_BITS-1:0] x,
    input logic [2:0] code,
    output logic [X_BITS:0] row
);
    logic [X_BITS:0] size;
    always_comb begin
        case (code)
            3'd0, 3'd7: size = '0;
            3'd3, 3'd4: size = {x, 1'b0};
            default: size = {x[X_BITS-1], x};
        endcase
    end
    assign row = size ^ {X_BITS + 1{code[2]}};
endmodule
