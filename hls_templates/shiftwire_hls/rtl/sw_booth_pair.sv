// Two Booth rows in one adder: x * (digit + 4 * next digit) = sum + code[1], for code = w[3:-1] of the recoded weight.
// In: x of X_BITS, signed, and five bits of the weight. Out: a sum of X_BITS + 4, signed. Combinational.
module sw_booth_pair #(
    parameter int X_BITS = 8
) (
    input logic [X_BITS-1:0] x,
    input logic [4:0] code,
    output logic [X_BITS+3:0] sum
);
    logic [X_BITS:0] low;
    logic [X_BITS:0] wide;
    logic [X_BITS:0] unused_low;
    logic [X_BITS:0] high;
    logic [X_BITS+1:0] a;
    logic [X_BITS+1:0] b;
    assign wide = {x[X_BITS-1], x};
    // the lower row by hand, as sw_booth_row says: mapped freely, both rows are pulled into every bit of the adder
    for (genvar i = 0; i <= X_BITS; i++) begin : g_low
        logic twice;
        if (i == 0) begin : g_first
            assign twice = 1'b0;
        end else begin : g_next
            assign twice = wide[i-1];
        end
        LUT6_2 #(.INIT(64'hF553_CAA0_0000_0000)) u_lut (
            .I0(wide[i]), .I1(twice), .I2(code[0]), .I3(code[1]), .I4(code[2]), .I5(1'b1), .O6(low[i]),
            .O5(unused_low[i])
        );
    end
    sw_booth_row #(.X_BITS(X_BITS)) u_high (.x, .code(code[4:2]), .row(high));
    assign a = (X_BITS + 2)'($signed(low[X_BITS:2]));
    assign b = (X_BITS + 2)'($signed(high));
    assign sum[1:0] = low[1:0];
    sw_carry_add #(.BITS(X_BITS + 2), .GENERIC(0)) u_add (.a, .b, .carry_in(code[4]), .sum(sum[X_BITS+3:2]));
endmodule
