// One output of a binary layer: over SIMD lanes, how many bits of x are those of w; a bit of 1 is +1, one of 0 is -1.
// With n lanes and p that agree, 2 * p - n is the sum of their products. Specification: the binary scheme of
// shiftwire/ops/weights/
// In: SIMD bits and SIMD weight bits a cycle, lane 0 in the low bits. Out: a sum of ACC_BITS.
// Latency: accumulate and finish come 1 + clog2(SIMD) / 2 cycles after x and w, rounded down, y one cycle after them (see
// sw_accumulator).
// Initiation interval: one cycle.
module sw_xnor_pe #(
    parameter int ACC_BITS = 18,
    parameter int SIMD = 1,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic [SIMD-1:0] x,
    input logic [SIMD-1:0] w,
    input logic accumulate,
    input logic finish,
    output logic [ACC_BITS-1:0] y
);
    // three lanes give two bits, each by a LUT that takes in the comparison
    localparam int ONES = (SIMD + 2) / 3;
    localparam int TWOS = (SIMD + 1) / 3;
    localparam int NATURAL = $clog2(SIMD + 1);
    localparam int COLUMNS = NATURAL < ACC_BITS ? NATURAL : ACC_BITS;
    localparam logic [16*COLUMNS-1:0] HEIGHTS = (16 * COLUMNS)'({16'(TWOS), 16'(ONES)});
    localparam int BITS = COLUMNS > 1 ? ONES + TWOS : ONES;
    wire [SIMD-1:0] alike = ~(x ^ w);
    wire [3*ONES-1:0] agree = (3 * ONES)'(alike);
    logic [BITS-1:0] counted;
    logic [COLUMNS-1:0] row_a;
    logic [COLUMNS-1:0] row_b;
    logic [ACC_BITS-1:0] held;
    logic [ACC_BITS-1:0] sum;
    logic last;
    initial held = '0;

    for (genvar i = 0; i < ONES; i++) begin : g_ones
        always_ff @(posedge clk) counted[i] <= ^agree[3*i+:3];
    end
    if (COLUMNS > 1) begin : g_more
        for (genvar i = 0; i < TWOS; i++) begin : g_twos
            always_ff @(posedge clk)
                counted[ONES+i] <= agree[3*i] & agree[3*i+1] | agree[3*i+2] & (agree[3*i] | agree[3*i+1]);
        end
    end
    sw_compress #(.COLUMNS(COLUMNS), .HEIGHTS(HEIGHTS), .BITS(BITS), .RANKS($clog2(SIMD) / 2), .GENERIC(GENERIC)) u_compress (
        .clk, .bits(counted), .row_a, .row_b
    );
    sw_row_add #(.BITS(ACC_BITS), .ROW_BITS(COLUMNS), .GENERIC(GENERIC)) u_add (.a(held), .row_a, .row_b, .sum);

    // a clear that is the flip-flops' own reset costs no LUT
    assign last = accumulate & finish;
    always_ff @(posedge clk) begin
        if (last) held <= '0;
        else if (accumulate) held <= sum;
        if (last) y <= sum;
    end
endmodule
