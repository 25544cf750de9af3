// ELEMENTS sums of N operands each, down to the last two, by levels of adders with a register behind each. The adders of
// the last LEVELS levels, counted with the one that is still to come, are DSP48 blocks, those before are logic.
// In: N unsigned operands of BITS an element, element 0 and its operand 0 in the low bits. Out: two an element, of
// BITS + clog2(N) - 1, none of which any sum leaves. Latency: clog2(N) - 1 cycles. Initiation interval: one cycle.
module sw_dsp_tree #(
    parameter int ELEMENTS = 1,
    parameter int N = 2,
    parameter int BITS = 9,
    parameter int LEVELS = 1,
    parameter int CELL = 0,
    parameter bit GENERIC = 1,
    localparam int OUT_BITS = BITS + $clog2(N) - 1
) (
    input logic clk,
    input logic [ELEMENTS*N*BITS-1:0] value,
    output logic [ELEMENTS*2*OUT_BITS-1:0] last
);
    if (N == 2) begin : g_last
        wire unused = ^{clk, GENERIC, LEVELS, CELL};
        assign last = value;
    end else begin : g_level
        localparam int PAIRS = N / 2;
        localparam int NEXT = N - PAIRS;
        logic [ELEMENTS*PAIRS*BITS-1:0] a;
        logic [ELEMENTS*PAIRS*BITS-1:0] b;
        logic [ELEMENTS*PAIRS*(BITS+1)-1:0] sum;
        logic [ELEMENTS*NEXT*(BITS+1)-1:0] next;
        for (genvar e = 0; e < ELEMENTS; e++) begin : g_element
            for (genvar i = 0; i < PAIRS; i++) begin : g_pair
                localparam int AT = e * PAIRS + i;
                assign a[AT*BITS+:BITS] = value[(e*N+2*i)*BITS+:BITS];
                assign b[AT*BITS+:BITS] = value[(e*N+2*i+1)*BITS+:BITS];
                assign next[(e*NEXT+i)*(BITS+1)+:BITS+1] = sum[AT*(BITS+1)+:BITS+1];
            end
            if (NEXT > PAIRS) begin : g_odd
                logic [BITS-1:0] waiting;
                always_ff @(posedge clk) waiting <= value[(e*N+N-1)*BITS+:BITS];
                assign next[(e*NEXT+PAIRS)*(BITS+1)+:BITS+1] = (BITS + 1)'(waiting);
            end
        end
        if ($clog2(N) <= LEVELS) begin : g_blocks
            sw_dsp_adds #(.COUNT(ELEMENTS * PAIRS), .BITS(BITS), .OUT_BITS(BITS + 1), .CELL(CELL)) u_adds (
                .clk, .enable(1'b1), .starts(1'b1), .a, .b, .sum
            );
        end else begin : g_logic
            for (genvar i = 0; i < ELEMENTS * PAIRS; i++) begin : g_adder
                logic [BITS:0] total;
                sw_carry_add #(.BITS(BITS + 1), .GENERIC(GENERIC)) u_add (
                    .a((BITS + 1)'(a[i*BITS+:BITS])), .b((BITS + 1)'(b[i*BITS+:BITS])), .carry_in(1'b0), .sum(total)
                );
                always_ff @(posedge clk) sum[i*(BITS+1)+:BITS+1] <= total;
            end
        end
        sw_dsp_tree #(
            .ELEMENTS(ELEMENTS), .N(NEXT), .BITS(BITS + 1), .LEVELS(LEVELS), .CELL(CELL), .GENERIC(GENERIC)
        ) u_next (
            .clk, .value(next), .last
        );
    end
endmodule
