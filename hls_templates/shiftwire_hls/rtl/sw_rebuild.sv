// A folded matrix-vector unit whose weights are rebuilt from what the ROM holds: PE outputs and SIMD inputs meet in a
// cycle, and a word of weights stays for TURNS positions, while the next one is decoded in PARTS. DECODER is 0 where
// stored words are weights, 1 for three coefficients a weight and a basis (see sw_factor). For every TURNS positions,
// SYNAPSES beats of SIMD codes of each in turn come in while the first of FOLDS folds is worked; later folds read them
// back. COLUMNS words of weights are made of what is stored once, PIECE_ROWS times that with the same context.
// Specification: shiftwire/units/sums/rebuild.py
// In: beats of SIMD codes, code 0 in the low bits; <FILE>_stored.mem, WORDS of the codes of (PE, SIMD / PARTS) weights;
// <FILE>_context.mem, CONTEXT_WORDS; FIRST, the first word of weights of a frame. Out: words of PE raw sums, the total
// above (see sw_sums and sw_finish), TURNS one behind the other for each fold.
// Latency: S + 1 pipeline stages, S = 4 + clog2(SIMD), two more with DECODER, one for integer weights and one with
// ROM_BLOCK; a word can be read the cycle after these, with BLOCK one later.
// Initiation interval: one cycle a beat and fold.
module sw_rebuild #(
    parameter int KIND = 3,
    parameter int PE = 2,
    parameter int SIMD = 4,
    parameter int TURNS = 2,
    parameter int PARTS = 2,
    parameter int FOLDS = 2,
    parameter int SYNAPSES = 9,
    parameter int COLUMNS = 3,
    parameter int PIECE_ROWS = 3,
    parameter int DECODER = 1,
    parameter int WORDS = 12,
    parameter int CODES_BITS = 12,
    parameter int CONTEXT_WORDS = 6,
    parameter int CONTEXT_BITS = 24,
    parameter int FIELD_BITS = 3,
    parameter bit HAS_NONE = 1,
    parameter int SHIFTS = 7,
    parameter int ROUNDING = 0,
    parameter int DROPPED = 0,
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 8,
    parameter bit W_SIGNED = 1,
    parameter int RAW_BITS = 18,
    parameter int TOTAL_BITS = 0,
    parameter logic [PE*SIMD*W_BITS-1:0] FIRST = '0,
    parameter FILE = "",
    parameter bit ROM_BLOCK = 0,
    parameter bit REPLAY_BLOCK = 0,
    parameter bit GENERIC = 1,
    parameter int DEPTH = 2,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [SIMD*X_BITS-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [PE*RAW_BITS+TOTAL_BITS-1:0] m_data
);
    localparam int TAPS = SIMD / PARTS;
    localparam int TURN = TURNS > 1 ? $clog2(TURNS) : 1;
    localparam int PLACES = TURNS * SYNAPSES;
    localparam int PLACE = $clog2(PLACES);
    localparam int OUT = PE * RAW_BITS + TOTAL_BITS;
    // from `fire` until a part of the next word is there
    localparam int LATE = 1 + (ROM_BLOCK ? 1 : 0) + (DECODER == 1 ? 2 : 0);
    logic room, is_new, turn_end, synapse_end, fold_end;
    logic [TURN-1:0] turn;
    logic [PLACE-1:0] place, from;

    wire may_end = ~synapse_end | room;
    wire fire = may_end & (~is_new | s_valid);
    wire word_step = fire & turn_end;
    wire fold_step = word_step & synapse_end;
    assign s_ready = may_end & is_new;

    sw_counter #(.STEPS(TURNS)) turns (.clk, .rst, .step(fire), .value(turn), .last(turn_end));
    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(SYNAPSES)) synapses (.clk, .rst, .step(word_step), .value(), .last(synapse_end));
    sw_counter #(.STEPS(FOLDS)) folds (.clk, .rst, .step(fold_step), .value(), .last(fold_end));
    sw_counter #(.STEPS(PLACES)) places (.clk, .rst, .step(fire), .value(place), .last());
    /* verilator lint_on PINCONNECTEMPTY */
    always_ff @(posedge clk)
        if (rst) is_new <= 1'b1;
        else if (fold_step) is_new <= fold_end;

    // inputs wait in a memory until their weights are there
    logic [SIMD*X_BITS-1:0] x;
    sw_delay #(.WIDTH(PLACE), .CYCLES(LATE)) until_read (.clk, .from(place), .to(from));
    sw_memory #(.WIDTH(SIMD * X_BITS), .WORDS(PLACES), .BLOCK(REPLAY_BLOCK)) replay (
        .clk, .store(fire & is_new), .to(place), .given(s_data), .read(1'b1), .from, .data(x)
    );

    // where the next word of weights is stored: at reset, the one behind FIRST
    localparam int AT = WORDS > 1 ? $clog2(WORDS) : 1;
    localparam int FROM = CONTEXT_WORDS > 1 ? $clog2(CONTEXT_WORDS) : 1;
    localparam int SYNAPSE = $clog2(SYNAPSES);
    localparam int COLUMN = COLUMNS > 1 ? $clog2(COLUMNS) : 1;
    localparam int ROW = PIECE_ROWS > 1 ? $clog2(PIECE_ROWS) : 1;
    localparam int START = COLUMNS > 1 ? 0 : PARTS % WORDS;
    logic [AT-1:0] at, row_at, behind_at;
    logic [FROM-1:0] context_at, piece_at, behind_context;
    logic [SYNAPSE-1:0] ahead;
    logic [COLUMN-1:0] column;
    logic [ROW-1:0] row;
    wire sum_ends = ahead == SYNAPSE'(SYNAPSES - 1);
    wire row_ends = sum_ends | column == COLUMN'(COLUMNS - 1);
    wire piece_ends = sum_ends | (row_ends & row == ROW'(PIECE_ROWS - 1));
    assign behind_at = !row_ends ? row_at : row_at == AT'(WORDS - PARTS) ? '0 : row_at + AT'(PARTS);
    assign behind_context = !piece_ends ? piece_at
                          : piece_at == FROM'(CONTEXT_WORDS - COLUMNS) ? '0 : piece_at + FROM'(COLUMNS);
    always_ff @(posedge clk)
        if (rst) begin
            at <= AT'(START);
            row_at <= AT'(START);
            piece_at <= '0;
            context_at <= FROM'(COLUMNS > 1 ? 1 : 0);
            column <= COLUMN'(COLUMNS > 1 ? 1 : 0);
            row <= '0;
            ahead <= SYNAPSE'(1);
        end else if (word_step) begin
            at <= behind_at;
            row_at <= behind_at;
            piece_at <= behind_context;
            context_at <= row_ends ? behind_context : context_at + 1'b1;
            column <= row_ends ? '0 : column + 1'b1;
            if (row_ends) row <= piece_ends ? '0 : row + 1'b1;
            ahead <= sum_ends ? '0 : ahead + 1'b1;
        end else if (fire & 32'(turn) + 1 < PARTS) at <= at + 1'b1;

    // a part of it in each of the first cycles of a word
    logic [PE*TAPS*CODES_BITS-1:0] stored;
    logic [PE*CONTEXT_BITS-1:0] beside;
    logic [PE*TAPS*W_BITS-1:0] made;
    sw_rom #(.WIDTH(PE * TAPS * CODES_BITS), .WORDS(WORDS), .FILE({FILE, "_stored.mem"}), .BLOCK(ROM_BLOCK),
             .MORE(ROM_BLOCK ? 1 : 0)) weights (.clk, .address(at), .data(stored));
    genvar l, p;
    generate
        if (DECODER == 1) begin : factors
            sw_rom #(.WIDTH(PE * CONTEXT_BITS), .WORDS(CONTEXT_WORDS), .FILE({FILE, "_context.mem"}), .BLOCK(0),
                     .MORE(ROM_BLOCK ? 1 : 0)) bases (.clk, .address(context_at), .data(beside));
            for (l = 0; l < PE * TAPS; l++) begin : lane
                sw_factor #(
                    .B_BITS(CONTEXT_BITS / 3), .FIELD_BITS(FIELD_BITS), .HAS_NONE(HAS_NONE), .SHIFTS(SHIFTS),
                    .ROUNDING(ROUNDING), .DROPPED(DROPPED), .BITS(W_BITS), .GENERIC(GENERIC)
                ) decoder (
                    .clk, .codes(stored[l*CODES_BITS+:CODES_BITS]),
                    .numbers(beside[l/TAPS*CONTEXT_BITS+:CONTEXT_BITS]), .weight(made[l*W_BITS+:W_BITS])
                );
            end
        end else begin : whole
            assign made = stored;
            assign beside = '0;
            wire unused = ^{beside, context_at, CONTEXT_BITS, FIELD_BITS, HAS_NONE, SHIFTS, ROUNDING, DROPPED};
        end
    endgenerate

    logic [LATE-1:0] is_live, is_end;
    logic [LATE*TURN-1:0] turns_ago;
    logic is_swap;
    logic [PE*SIMD*W_BITS-1:0] next, w;
    wire [TURN-1:0] made_turn = turns_ago[LATE*TURN-1-:TURN];
    always_ff @(posedge clk) begin
        is_live <= rst ? '0 : LATE'({is_live, fire});
        is_end <= rst ? '0 : LATE'({is_end, word_step});
        turns_ago <= (LATE * TURN)'({turns_ago, turn});
        is_swap <= ~rst & is_end[LATE-1];
        if (rst) w <= FIRST;
        else if (is_swap) w <= next;
    end
    generate
        for (p = 0; p < PARTS; p++) begin : part
            for (l = 0; l < PE; l++) begin : lane
                always_ff @(posedge clk)
                    if (is_live[LATE-1] & made_turn == TURN'(p))
                        next[(l*SIMD+p*TAPS)*W_BITS+:TAPS*W_BITS] <= made[l*TAPS*W_BITS+:TAPS*W_BITS];
            end
        end
    endgenerate

    // what an iteration adds to each sum, then the sums of all turns
    logic is_added, is_first_synapse, is_last_synapse, is_given, last_turn;
    logic [OUT-1:0] parts, sums;
    /* verilator lint_off PINCONNECTEMPTY */
    sw_sums #(
        .KIND(KIND), .SHARED(1), .PE(PE), .SIMD(SIMD), .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .W_BITS(W_BITS),
        .W_SIGNED(W_SIGNED), .RAW_BITS(RAW_BITS), .TOTAL_BITS(TOTAL_BITS), .GENERIC(GENERIC), .LATE(LATE), .DEPTH(1)
    ) elements (
        .clk, .rst, .fire, .ends(1'b1), .room(), .x, .w, .m_valid(is_added), .m_ready(1'b1), .m_data(parts)
    );
    sw_counter #(.STEPS(TURNS)) added_turns (.clk, .rst, .step(is_added), .value(), .last(last_turn));
    sw_counter #(.STEPS(SYNAPSES)) added_words (
        .clk, .rst, .step(is_added & last_turn), .value(), .last(is_last_synapse)
    );
    /* verilator lint_on PINCONNECTEMPTY */
    always_ff @(posedge clk) begin
        if (rst) is_first_synapse <= 1'b1;
        else if (is_added & last_turn) is_first_synapse <= is_last_synapse;
        is_given <= is_added & is_last_synapse & ~rst;
    end
    generate
        for (p = 0; p < PE; p++) begin : element
            sw_turns #(.BITS(RAW_BITS), .TURNS(TURNS), .GENERIC(GENERIC)) u_sum (
                .clk, .step(is_added), .is_first(is_first_synapse), .value(parts[p*RAW_BITS+:RAW_BITS]),
                .sum(sums[p*RAW_BITS+:RAW_BITS])
            );
        end
        if (TOTAL_BITS > 0) begin : total
            sw_turns #(.BITS(TOTAL_BITS), .TURNS(TURNS), .GENERIC(GENERIC)) u_sum (
                .clk, .step(is_added), .is_first(is_first_synapse), .value(parts[OUT-1-:TOTAL_BITS]),
                .sum(sums[OUT-1-:TOTAL_BITS])
            );
        end
    endgenerate
    sw_fifo #(.WIDTH(OUT), .DEPTH(DEPTH), .AHEAD(1), .BLOCK(BLOCK)) fifo (
        .clk, .rst, .reserve(fire & synapse_end), .room, .push(is_given), .push_data(sums), .m_valid, .m_ready, .m_data
    );
endmodule
