// A folded matrix-vector unit: PE outputs and SIMD inputs meet in a cycle. For each position, for each of GROUPS,
// SYNAPSES beats of SIMD codes come in while the first of NEURONS folds is worked; later folds replay them from a
// buffer. Fold n has n's own number of terms, TERM_BITS each in FOLD_TERMS, fold 0 lowest; with LIST_BITS the iterations
// come as a list says (see sw_list), some of them left out, but in the first fold every beat has one.
// Specification: shiftwire/ops/dense.py and shiftwire/ops/conv.py
// In: beats of SIMD codes, code 0 in the low bits; weights from FILE, (CYCLES, PE, SIMD), the first lowest; where blocks
// of CIRCLE outputs and inputs are circulant, the first row of each alone. Out: words of PE raw sums, the total above
// (see sw_sums and sw_finish), one for each of GROUPS * NEURONS folds.
// Latency: S + 1 cycles from the last iteration of a fold until its word can be read, S + 2 behind a FIFO (DEPTH > 1)
// and one more with BLOCK; S = 2 + clog2(SIMD), plus one for integer weights and one where inputs are replayed or with
// ROM_BLOCK.
// Initiation interval: CYCLES cycles a position, the sum of SYNAPSES * terms over the folds, less what is left out; one
// cycle an iteration.
module sw_mvu #(
    parameter int KIND = 0,
    parameter int PE = 2,
    parameter int SIMD = 1,
    parameter int GROUPS = 1,
    parameter int NEURONS = 2,
    parameter int SYNAPSES = 4,
    parameter int TERM_BITS = 1,
    parameter logic [GROUPS*NEURONS*TERM_BITS-1:0] FOLD_TERMS = '1,
    parameter int LIST_BITS = 0,
    parameter int FIRST = 0,
    parameter int SECOND = 0,
    parameter LIST = "",
    parameter bit LIST_BLOCK = 0,
    parameter int CYCLES = 8,
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 5,
    parameter bit W_SIGNED = 0,
    parameter int CIRCLE = 1,
    parameter int WINDOW_BITS = 3,
    parameter bit HAS_ZERO = 1,
    parameter int RAW_BITS = 18,
    parameter int TOTAL_BITS = 0,
    parameter int BLOCK_LEVELS = 0,
    parameter int BLOCK_CELL = 0,
    parameter FILE = "",
    parameter bit ROM_BLOCK = 0,
    parameter bit REPLAY_BLOCK = 0,
    parameter bit GENERIC = 1,
    parameter int DEPTH = 1,
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
    localparam int FOLDS = GROUPS * NEURONS;
    localparam int FOLD = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int SYNAPSE = SYNAPSES > 1 ? $clog2(SYNAPSES) : 1;
    localparam int ADDRESS = CYCLES > 1 ? $clog2(CYCLES) : 1;
    logic room, is_new, term_end, neuron_end, ends;
    logic [SYNAPSE-1:0] synapse;
    logic [ADDRESS-1:0] address;
    logic [PE*SIMD*W_BITS-1:0] w;
    logic [SIMD*X_BITS-1:0] x;

    wire may_end = ~ends | room;
    wire fire = may_end & (~is_new | s_valid);
    assign s_ready = may_end & is_new & term_end;

    generate
        if (LIST_BITS == 0) begin : counted
            logic synapse_end;
            logic [FOLD-1:0] fold;
            wire term_step = fire & term_end;
            assign ends = synapse_end & term_end;
            sw_terms #(.FOLDS(FOLDS), .TERM_BITS(TERM_BITS), .FOLD_TERMS(FOLD_TERMS)) fold_terms (
                .clk, .rst, .step(fire), .fold, .last(term_end)
            );
            sw_counter #(.STEPS(SYNAPSES)) synapses (.clk, .rst, .step(term_step), .value(synapse), .last(synapse_end));
            /* verilator lint_off PINCONNECTEMPTY */
            sw_counter #(.STEPS(FOLDS)) folds (.clk, .rst, .step(fire & ends), .value(fold), .last());
            /* verilator lint_on PINCONNECTEMPTY */
        end else begin : listed
            sw_list #(
                .WIDTH(LIST_BITS), .WORDS(CYCLES), .FIRST(FIRST), .SECOND(SECOND), .FILE(LIST), .BLOCK(LIST_BLOCK)
            ) list (
                .clk, .rst, .step(fire), .address, .word({ends, term_end, synapse})
            );
        end
    endgenerate
    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(NEURONS)) neurons (.clk, .rst, .step(fire & ends), .value(), .last(neuron_end));
    sw_counter #(.STEPS(CYCLES)) addresses (.clk, .rst, .step(fire), .value(address), .last());
    /* verilator lint_on PINCONNECTEMPTY */
    always_ff @(posedge clk)
        if (rst) is_new <= 1'b1;
        else if (fire & ends) is_new <= neuron_end;

    // what is read back from a memory, and weights from block RAM, take a cycle more
    localparam bit REPLAYED = NEURONS > 1 && SYNAPSES > 1;
    localparam int LATE = ROM_BLOCK || REPLAYED ? 1 : 0;
    logic [ADDRESS-1:0] word;
    sw_delay #(.WIDTH(ADDRESS), .CYCLES(ROM_BLOCK ? 0 : LATE)) until_read (.clk, .from(address), .to(word));
    generate
        if (REPLAYED) begin : replayed
            // stored with a weight's first term alone: with a later one it would be written while it is read
            logic is_first_term;
            always_ff @(posedge clk)
                if (rst) is_first_term <= 1'b1;
                else if (fire) is_first_term <= term_end;
            sw_replay #(.WIDTH(SIMD * X_BITS), .WORDS(SYNAPSES), .BLOCK(REPLAY_BLOCK)) replay (
                .clk, .store(fire & is_new & is_first_term), .place(synapse), .given(s_data), .data(x)
            );
        end else begin : direct
            logic [SIMD*X_BITS-1:0] taken;
            always_ff @(posedge clk) if (is_new) taken <= s_data;
            sw_delay #(.WIDTH(SIMD * X_BITS), .CYCLES(LATE)) until_met (.clk, .from(taken), .to(x));
            wire unused = ^{synapse, REPLAY_BLOCK};
        end
    endgenerate
    localparam int MORE = ROM_BLOCK ? 1 : 0;
    localparam int STORED = PE * SIMD / CIRCLE;
    logic [STORED*W_BITS-1:0] stored;
    sw_rom #(.WIDTH(STORED * W_BITS), .WORDS(CYCLES), .FILE(FILE), .BLOCK(ROM_BLOCK), .MORE(MORE)) weights (
        .clk, .address(word), .data(stored)
    );
    generate
        for (genvar p = 0; p < PE; p++) begin : rows
            for (genvar s = 0; s < SIMD; s++) begin : lanes
                localparam int BESIDE = (s + CIRCLE - p % CIRCLE) % CIRCLE;
                localparam int PLACE = (p / CIRCLE * (SIMD / CIRCLE) + s / CIRCLE) * CIRCLE + BESIDE;
                assign w[(p*SIMD+s)*W_BITS+:W_BITS] = stored[PLACE*W_BITS+:W_BITS];
            end
        end
    endgenerate
    sw_sums #(
        .KIND(KIND), .SHARED(1), .PE(PE), .SIMD(SIMD), .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .W_BITS(W_BITS),
        .W_SIGNED(W_SIGNED), .WINDOW_BITS(WINDOW_BITS), .HAS_ZERO(HAS_ZERO), .RAW_BITS(RAW_BITS), .TOTAL_BITS(TOTAL_BITS),
        .BLOCK_LEVELS(BLOCK_LEVELS), .BLOCK_CELL(BLOCK_CELL), .GENERIC(GENERIC), .LATE(LATE), .DEPTH(DEPTH), .BLOCK(BLOCK)
    ) elements (
        .clk, .rst, .fire, .ends, .room, .x, .w, .m_valid, .m_ready, .m_data
    );
endmodule
