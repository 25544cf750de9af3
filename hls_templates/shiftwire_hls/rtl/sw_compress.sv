// Bits of several weights become two rows of at most one bit a weight, whose sum is theirs: in each layer six bits of a
// weight become three, or three two, until no more than two are left. Layers are instances in each other; RANKS
// registers are spread over them. Dadda 1965, with counters of six as Xilinx carry chains have them.
// In: HEIGHTS, 16 bits for each of COLUMNS weights, are the numbers of bits, weight 1 lowest, BITS in all; no sum reaches
// 2**COLUMNS, or more of it is not wanted. Out: row_a + row_b, modulo 2**COLUMNS. Latency: RANKS cycles. Initiation
// interval: one cycle.
module sw_compress #(
    parameter int COLUMNS = 2,
    parameter logic [16*COLUMNS-1:0] HEIGHTS = {16'd1, 16'd2},
    parameter int RANKS = 0,
    parameter int BITS = 3,
    parameter bit GENERIC = 1
) (
    input logic clk,
    input logic [BITS-1:0] bits,
    output logic [COLUMNS-1:0] row_a,
    output logic [COLUMNS-1:0] row_b
);
    localparam int MOST = 16;
    // of the columns h: how many bits, where they begin, counters of six, one of three, and what goes on as it is
    function automatic int height(input logic [16*COLUMNS-1:0] h, input int c);
        height = c < 0 || c >= COLUMNS ? 0 : 32'(h[16*c+:16]);
    endfunction
    function automatic int first(input logic [16*COLUMNS-1:0] h, input int c);
        first = 0;
        for (int i = 0; i < c; i++) first = first + height(h, i);
    endfunction
    function automatic int sixes(input logic [16*COLUMNS-1:0] h, input int c);
        sixes = height(h, c) <= 2 ? 0 : (height(h, c) + 1) / 6;
    endfunction
    function automatic int threes(input logic [16*COLUMNS-1:0] h, input int c);
        threes = height(h, c) > 2 && (height(h, c) % 6 == 3 || height(h, c) % 6 == 4) ? 1 : 0;
    endfunction
    function automatic int rest(input logic [16*COLUMNS-1:0] h, input int c);
        rest = height(h, c) - 6 * sixes(h, c) - 3 * threes(h, c);
        if (rest < 0) rest = 0;
    endfunction
    // the columns behind a layer, and how many layers are to come
    function automatic logic [16*COLUMNS-1:0] behind(input logic [16*COLUMNS-1:0] h);
        for (int c = 0; c < COLUMNS; c++)
            behind[16*c+:16] = 16'(rest(h, c) + sixes(h, c) + sixes(h, c - 1) + sixes(h, c - 2) + threes(h, c) +
                                   threes(h, c - 1));
    endfunction
    function automatic logic is_done(input logic [16*COLUMNS-1:0] h);
        is_done = 1'b1;
        for (int c = 0; c < COLUMNS; c++) is_done = is_done & height(h, c) <= 2;
    endfunction
    function automatic int layers(input logic [16*COLUMNS-1:0] heights);
        logic [16*COLUMNS-1:0] h;
        h = heights;
        layers = 0;
        for (int i = 0; i < MOST; i++)
            if (!is_done(h)) begin
                layers = layers + 1;
                h = behind(h);
            end
    endfunction

    localparam int LAYERS = layers(HEIGHTS);
    localparam logic [16*COLUMNS-1:0] BEHIND = behind(HEIGHTS);
    localparam int NEXT = first(BEHIND, COLUMNS);
    // behind every second layer, counted from the last; behind every one where there are few
    localparam int RANK = RANKS > 0 && LAYERS < 2 * RANKS ? 1 : 0;
    if (LAYERS == 0 && RANKS == 0) begin : g_rows
        for (genvar c = 0; c < COLUMNS; c++) begin : g_column
            if (height(HEIGHTS, c) > 0) begin : g_a
                assign row_a[c] = bits[first(HEIGHTS, c)];
            end else begin : g_no_a
                assign row_a[c] = 1'b0;
            end
            if (height(HEIGHTS, c) > 1) begin : g_b
                assign row_b[c] = bits[first(HEIGHTS, c)+1];
            end else begin : g_no_b
                assign row_b[c] = 1'b0;
            end
        end
        wire unused = ^{clk, GENERIC, NEXT, RANK};
    end else begin : g_layer
        logic [NEXT-1:0] made;
        logic [NEXT-1:0] kept;
        for (genvar c = 0; c < COLUMNS; c++) begin : g_column
            localparam int FROM = first(HEIGHTS, c);
            // behind a layer a column is what went on, then what counters gave: those of its own weight and below
            localparam int SIXES = sixes(HEIGHTS, c);
            localparam int ONE = first(BEHIND, c) + rest(HEIGHTS, c);
            localparam int TWO = first(BEHIND, c + 1) + rest(HEIGHTS, c + 1) + sixes(HEIGHTS, c + 1);
            localparam int FOUR = first(BEHIND, c + 2) + rest(HEIGHTS, c + 2) + sixes(HEIGHTS, c + 2)
                + sixes(HEIGHTS, c + 1);
            for (genvar k = 0; k < SIXES; k++) begin : g_six
                localparam int TAKEN = height(HEIGHTS, c) < 6 * k + 6 ? height(HEIGHTS, c) - 6 * k : 6;
                logic [2:0] count;
                sw_six #(.GENERIC(GENERIC)) u_six (.bits(6'(bits[FROM+6*k+:TAKEN])), .count);
                assign made[ONE+k] = count[0];
                if (c + 1 < COLUMNS) begin : g_two
                    assign made[TWO+k] = count[1];
                end
                if (c + 2 < COLUMNS) begin : g_four
                    assign made[FOUR+k] = count[2];
                end
                wire unused = ^count;
            end
            if (threes(HEIGHTS, c) == 1) begin : g_three
                logic [1:0] count;
                sw_three #(.GENERIC(GENERIC)) u_three (.bits(bits[FROM+6*SIXES+:3]), .count);
                assign made[ONE+SIXES+sixes(HEIGHTS,c-1)+sixes(HEIGHTS,c-2)] = count[0];
                if (c + 1 < COLUMNS) begin : g_two
                    assign made[TWO+SIXES+sixes(HEIGHTS,c-1)+threes(HEIGHTS,c+1)] = count[1];
                end
                wire unused = ^count;
            end
            for (genvar k = 0; k < rest(HEIGHTS, c); k++) begin : g_rest
                assign made[first(BEHIND,c)+k] = bits[first(HEIGHTS,c+1)-rest(HEIGHTS,c)+k];
            end
        end
        if (RANK == 1) begin : g_rank
            always_ff @(posedge clk) kept <= made;
        end else begin : g_wire
            assign kept = made;
        end
        sw_compress #(.COLUMNS(COLUMNS), .HEIGHTS(BEHIND), .BITS(NEXT), .RANKS(RANKS - RANK), .GENERIC(GENERIC)) u_next (
            .clk, .bits(kept), .row_a, .row_b
        );
    end
endmodule
