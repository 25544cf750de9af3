// PE processing elements of one kind side by side, and the buffer of their raw sums. KIND is 0 shift, 1 adder (paired:
// sum x rides above the sums), 2 distance, 3 integer, 4 integer in DSP blocks, 5 binary. SHARED: all elements read the same SIMD
// codes, so that two of them share DSP blocks where their products fit (see sw_product_pair); else element p reads codes
// p, PE + p, 2 PE + p ... Adder and distance elements read codes moved to offset binary.
// BLOCK_LEVELS is how many levels of adders of adder elements are DSP48 blocks, counted from the sums back (0 none, see
// sw_dsp_sums); it takes sums of at most 24 bits and at least three lanes. BLOCK_CELL is 1 for DSP48E1, which
// GENERIC makes plain operators, and 2 for DSP48E2.
// Specification: shiftwire/units/sums/dot_product.py and shiftwire/ir/module.py
// In: x and w of an iteration, the cycle after `fire` or LATE cycles later than that, code 0 in the low bits. Out:
// words of PE raw sums of RAW_BITS, sum 0 in the low bits, the total of TOTAL_BITS above.
// Latency: with S = 1 + clog2(SIMD) + LATE, one more for products, 1 + clog2(SIMD) / 2 + LATE for bits, the word of an iteration that fires with `ends` in
// cycle t can be read in t + S + 2; behind a FIFO (DEPTH > 1) in t + S + 3, with BLOCK in t + S + 4. Initiation
// interval: one cycle.
module sw_sums #(
    parameter int KIND = 0,
    parameter bit SHARED = 1,
    parameter int PE = 2,
    parameter int SIMD = 1,
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 5,
    parameter bit W_SIGNED = 0,
    parameter int WINDOW_BITS = 3,
    parameter bit HAS_ZERO = 1,
    parameter int RAW_BITS = 18,
    parameter int TOTAL_BITS = 0,
    parameter int BLOCK_LEVELS = 0,
    parameter int BLOCK_CELL = 0,
    parameter bit GENERIC = 1,
    parameter int LATE = 0,
    parameter int DEPTH = 1,
    parameter bit BLOCK = 0,
    localparam int X_CODES = SHARED ? SIMD : PE * SIMD,
    localparam int OUT = PE * RAW_BITS + TOTAL_BITS
) (
    input logic clk,
    input logic rst,
    input logic fire,
    input logic ends,
    output logic room,
    input logic [X_CODES*X_BITS-1:0] x,
    input logic [PE*SIMD*W_BITS-1:0] w,
    output logic m_valid,
    input logic m_ready,
    output logic [OUT-1:0] m_data
);
    localparam int STAGES = (KIND == 5 ? 1 + $clog2(SIMD) / 2 : (KIND >= 3 ? 2 : 1) + $clog2(SIMD)) + LATE;
    logic [STAGES:0] is_live, is_end;
    // a reset clears the accumulators: half a frame may lie in them
    wire accumulate = is_live[STAGES] | rst;
    wire finish = is_end[STAGES] | rst;
    wire accumulate_early = is_live[STAGES-1];
    wire finish_early = is_end[STAGES-1];
    wire last = accumulate & finish;
    logic [OUT-1:0] sums;

    always_ff @(posedge clk) begin
        is_live <= rst ? '0 : {is_live[STAGES-1:0], fire};
        is_end <= {is_end[STAGES-1:0], ends};
    end

    // x as the elements read it: PE times SIMD codes, an element's own side by side
    localparam int BITS = KIND == 1 || KIND == 2 ? W_BITS : X_BITS;
    logic [PE*SIMD*BITS-1:0] codes;
    // a narrower product is no block; both weights beside each other are an operand of at most 25 bits, x one of 18
    localparam int SIGN = X_SIGNED || W_SIGNED ? 0 : 1;
    localparam int LEAST = X_BITS + W_BITS + SIGN < RAW_BITS ? X_BITS + W_BITS + SIGN : RAW_BITS;
    localparam bit IN_PAIRS = KIND == 4 && SHARED && LEAST >= 9 && 2 * W_BITS + X_BITS <= 24
        && X_BITS + (X_SIGNED ? 0 : 1) <= 18;
    localparam int STEP = IN_PAIRS ? 2 : 1;
    localparam int CELL = BLOCK_CELL == 1 && GENERIC ? 0 : BLOCK_CELL;
    genvar p, s;
    generate
        for (p = 0; p < PE; p++) begin : input_of
            for (s = 0; s < SIMD; s++) begin : lane
                localparam int FROM = SHARED ? s : s * PE + p;
                wire [X_BITS-1:0] code = x[FROM*X_BITS+:X_BITS];
                if (KIND == 1 || KIND == 2) begin : offset
                    logic [BITS-1:0] wide;
                    sw_align #(.BITS(X_BITS), .IS_SIGNED(X_SIGNED), .SHIFT(0), .OUT_BITS(BITS)) extend (
                        .code, .moved(wide)
                    );
                    assign codes[(p*SIMD+s)*BITS+:BITS] = wide ^ (BITS'(W_SIGNED) << (BITS - 1));
                end else begin : plain
                    assign codes[(p*SIMD+s)*BITS+:BITS] = code;
                end
            end
        end
        if (KIND == 1 && BLOCK_LEVELS > 0) begin : blocks
            localparam int NATURAL = BITS + 1 < RAW_BITS ? BITS + 1 : RAW_BITS;
            localparam int ITEMS = (SIMD + 1) / 2;
            logic [PE*ITEMS*NATURAL-1:0] item;
            for (p = 0; p < PE; p++) begin : element
                sw_min_items #(.BITS(BITS), .SIMD(SIMD), .ITEM_BITS(NATURAL), .GENERIC(GENERIC)) items (
                    .clk, .x(codes[p*SIMD*BITS+:SIMD*BITS]), .w(w[p*SIMD*W_BITS+:SIMD*W_BITS]),
                    .item(item[p*ITEMS*NATURAL+:ITEMS*NATURAL])
                );
            end
            sw_dsp_sums #(
                .ELEMENTS(PE), .N(ITEMS), .BITS(NATURAL), .ACC_BITS(RAW_BITS), .LEVELS(BLOCK_LEVELS), .CELL(CELL),
                .GENERIC(GENERIC)
            ) of_minima (
                .clk, .rst, .value(item), .accumulate_early, .finish_early, .last, .y(sums[PE*RAW_BITS-1:0])
            );
        end else begin : elements
            for (p = 0; p < PE; p += STEP) begin : element
                localparam int OWN = p + STEP <= PE ? STEP : 1;
                wire [SIMD*BITS-1:0] own_x = codes[p*SIMD*BITS+:SIMD*BITS];
                wire [OWN*SIMD*W_BITS-1:0] own_w = w[p*SIMD*W_BITS+:OWN*SIMD*W_BITS];
                logic [OWN*RAW_BITS-1:0] y;
                assign sums[p*RAW_BITS+:OWN*RAW_BITS] = y;
                if (KIND == 0) begin : shift
                    sw_shift_pe #(
                        .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .WINDOW_BITS(WINDOW_BITS), .HAS_ZERO(HAS_ZERO),
                        .ACC_BITS(RAW_BITS), .SIMD(SIMD), .GENERIC(GENERIC)
                    ) pe (
                        .clk, .x(own_x), .w(own_w), .accumulate, .finish, .y(y)
                    );
                end else if (KIND == 1) begin : adder
                    sw_adder_pe #(.BITS(BITS), .ACC_BITS(RAW_BITS), .SIMD(SIMD), .GENERIC(GENERIC)) pe (
                        .clk, .x(own_x), .w(own_w), .accumulate, .finish, .y(y)
                    );
                end else if (KIND == 2) begin : distance
                    sw_distance_pe #(.BITS(BITS), .ACC_BITS(RAW_BITS), .SIMD(SIMD), .GENERIC(GENERIC)) pe (
                        .clk, .x(own_x), .w(own_w), .accumulate, .finish, .y(y)
                    );
                end else if (KIND == 5) begin : agreement
                    sw_xnor_pe #(.ACC_BITS(RAW_BITS), .SIMD(SIMD), .GENERIC(GENERIC)) pe (
                        .clk, .x(own_x), .w(own_w), .accumulate, .finish, .y(y)
                    );
                end else begin : product
                    sw_int_pe #(
                        .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .W_BITS(W_BITS), .W_SIGNED(W_SIGNED), .ACC_BITS(RAW_BITS),
                        .SIMD(SIMD), .OUTPUTS(OWN), .DSP(KIND == 4), .GENERIC(GENERIC)
                    ) pe (
                        .clk, .x(own_x), .w(own_w), .accumulate, .finish, .y(y)
                    );
                end
            end
        end
        if (KIND == 1 && BLOCK_LEVELS > 0) begin : block_total
            logic [SIMD*BITS-1:0] taken;
            always_ff @(posedge clk) taken <= codes[SIMD*BITS-1:0];
            sw_dsp_sums #(
                .ELEMENTS(1), .N(SIMD), .BITS(BITS), .ACC_BITS(TOTAL_BITS), .LEVELS(BLOCK_LEVELS), .CELL(CELL),
                .GENERIC(GENERIC)
            ) of_x (
                .clk, .rst, .value(taken), .accumulate_early, .finish_early, .last, .y(sums[OUT-1-:TOTAL_BITS])
            );
        end else if (KIND == 1) begin : total
            logic [TOTAL_BITS-1:0] y;
            assign sums[OUT-1-:TOTAL_BITS] = y;
            sw_total #(.BITS(BITS), .ACC_BITS(TOTAL_BITS), .SIMD(SIMD)) of_x (
                .clk, .x(codes[SIMD*BITS-1:0]), .accumulate, .finish, .y
            );
        end
    endgenerate

    generate
        if (DEPTH == 1) begin : single
            // the elements hold their sums until the next ones, so they are the buffer
            logic is_held;
            wire pop = m_valid & m_ready;
            assign room = ~is_held;
            assign m_data = sums;
            always_ff @(posedge clk) begin
                if (rst) {is_held, m_valid} <= '0;
                else begin
                    is_held <= (fire & ends) | (is_held & ~pop);
                    m_valid <= last | (m_valid & ~pop);
                end
            end
            wire unused = ^{BLOCK, accumulate_early, finish_early, last};
        end else begin : many
            logic is_given;
            always_ff @(posedge clk) is_given <= last & ~rst;
            wire unused = ^{accumulate_early, finish_early};
            sw_fifo #(.WIDTH(OUT), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
                .clk, .rst, .reserve(fire & ends), .room, .push(is_given), .push_data(sums), .m_valid, .m_ready, .m_data
            );
        end
    endgenerate
endmodule
