// COUNT adders of unsigned numbers in DSP48 blocks, four to a block where a sum has at most 12 bits, else two (see
// sw_dsp_add): a + b, or with ACCUMULATE the sum of all a + b since `starts`. CELL as in sw_dsp_add.
// In: COUNT numbers a and as many b of BITS, the first in the low bits; `enable` where they count. Out: COUNT sums of
// OUT_BITS, at most 24, modulo 2**OUT_BITS, held until the next `enable`. Latency: one cycle. Initiation interval: one
// cycle.
module sw_dsp_adds #(
    parameter int COUNT = 4,
    parameter int BITS = 9,
    parameter int OUT_BITS = 10,
    parameter bit ACCUMULATE = 0,
    parameter int CELL = 0
) (
    input logic clk,
    input logic enable,
    input logic starts,
    input logic [COUNT*BITS-1:0] a,
    input logic [COUNT*BITS-1:0] b,
    output logic [COUNT*OUT_BITS-1:0] sum
);
    localparam int SEGMENTS = OUT_BITS <= 12 ? 4 : 2;
    localparam int ROOM = 48 / SEGMENTS;
    for (genvar k = 0; k < COUNT; k += SEGMENTS) begin : g_block
        logic [47:0] block_a;
        logic [47:0] block_b;
        logic [47:0] block_sum;
        for (genvar i = 0; i < SEGMENTS; i++) begin : g_segment
            if (k + i < COUNT) begin : g_used
                assign block_a[i*ROOM+:ROOM] = ROOM'(a[(k+i)*BITS+:BITS]);
                assign block_b[i*ROOM+:ROOM] = ROOM'(b[(k+i)*BITS+:BITS]);
                assign sum[(k+i)*OUT_BITS+:OUT_BITS] = block_sum[i*ROOM+:OUT_BITS];
            end else begin : g_spare
                assign {block_a[i*ROOM+:ROOM], block_b[i*ROOM+:ROOM]} = '0;
            end
        end
        sw_dsp_add #(.SEGMENTS(SEGMENTS), .ACCUMULATE(ACCUMULATE), .CELL(CELL)) u_add (
            .clk, .enable, .starts, .a(block_a), .b(block_b), .sum(block_sum)
        );
        wire unused = ^block_sum;
    end
endmodule
