// One lane of sw_affine: y = bias + (sum of signed shifts of x) << GRID, 1 + TERMS cycles after its operands.
module sw_scale #(
    parameter int TERMS = 1,
    parameter int IN_BITS = 8,
    parameter bit IN_SIGNED = 1,
    parameter int WINDOW_BITS = 3,
    parameter int GRID = 0,
    parameter int OUT_BITS = 16,
    localparam int TERM = WINDOW_BITS + 2
) (
    input logic clk,
    input logic [IN_BITS-1:0] x,
    input logic [TERMS*TERM-1:0] terms,
    input logic [OUT_BITS-1:0] bias,
    output logic [OUT_BITS-1:0] y
);
    logic [OUT_BITS-1:0] wide;
    logic [OUT_BITS-1:0] sum[TERMS+1];
    sw_align #(.BITS(IN_BITS), .IS_SIGNED(IN_SIGNED), .SHIFT(GRID), .OUT_BITS(OUT_BITS)) grid (.code(x), .moved(wide));
    always_ff @(posedge clk) sum[0] <= bias;

    genvar t, d;
    generate
        for (t = 0; t < TERMS; t++) begin : term
            wire [TERM-1:0] code = terms[t*TERM+:TERM];
            // term t waits for the sum of those before it
            logic [OUT_BITS-1:0] shifted[t+1];
            logic [t:0] sign;
            logic [OUT_BITS-1:0] moved;
            if (WINDOW_BITS > 0) begin : many
                assign moved = wide << code[WINDOW_BITS-1:0];
            end else begin : one
                assign moved = wide;
            end
            always_ff @(posedge clk) begin
                shifted[0] <= moved & {OUT_BITS{~code[TERM-1]}};
                sign[0] <= code[TERM-2];
                sum[t+1] <= sign[t] ? sum[t] - shifted[t] : sum[t] + shifted[t];
            end
            for (d = 1; d <= t; d++) begin : wait_
                always_ff @(posedge clk) begin
                    shifted[d] <= shifted[d-1];
                    sign[d] <= sign[d-1];
                end
            end
        end
    endgenerate
    assign y = sum[TERMS];
endmodule
