// A folded vector-vector unit for depthwise layers: for each position, for each of BLOCKS of PE channels, SYNAPSES
// beats come in, each held for as many cycles as the block has terms (as in sw_mvu). Specification:
// shiftwire/ops/conv.py
// In: beats of (SIMD taps, PE channels) codes, code 0 in the low bits; weights from FILE, (CYCLES, PE, SIMD), the first
// lowest. Out: words of PE raw sums, one for each block.
// Latency: S + 1 cycles from the last iteration of a block until its word can be read, S + 2 behind a FIFO (DEPTH > 1)
// and one more with BLOCK; S = 2 + clog2(SIMD), plus one for integer weights and one with ROM_BLOCK.
// Initiation interval: CYCLES cycles a position, the sum of SYNAPSES * terms over the blocks; one cycle an iteration.
module sw_vvu #(
    parameter int KIND = 0,
    parameter int PE = 2,
    parameter int SIMD = 1,
    parameter int BLOCKS = 2,
    parameter int SYNAPSES = 4,
    parameter int TERM_BITS = 1,
    parameter logic [BLOCKS*TERM_BITS-1:0] FOLD_TERMS = '1,
    parameter int CYCLES = 8,
    parameter int X_BITS = 8,
    parameter bit X_SIGNED = 1,
    parameter int W_BITS = 5,
    parameter bit W_SIGNED = 0,
    parameter int WINDOW_BITS = 3,
    parameter bit HAS_ZERO = 1,
    parameter int RAW_BITS = 18,
    parameter FILE = "",
    parameter bit ROM_BLOCK = 0,
    parameter bit GENERIC = 1,
    parameter int DEPTH = 1,
    parameter bit BLOCK = 0
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic [PE*SIMD*X_BITS-1:0] s_data,
    output logic m_valid,
    input logic m_ready,
    output logic [PE*RAW_BITS-1:0] m_data
);
    localparam int FOLD = BLOCKS > 1 ? $clog2(BLOCKS) : 1;
    localparam int ADDRESS = CYCLES > 1 ? $clog2(CYCLES) : 1;
    logic room, term_end, synapse_end;
    logic [FOLD-1:0] fold;
    logic [ADDRESS-1:0] address;
    logic [PE*SIMD*W_BITS-1:0] w;
    logic [PE*SIMD*X_BITS-1:0] x;

    wire ends = synapse_end & term_end;
    wire may_end = ~ends | room;
    wire fire = may_end & s_valid;
    assign s_ready = may_end & term_end;

    sw_terms #(.FOLDS(BLOCKS), .TERM_BITS(TERM_BITS), .FOLD_TERMS(FOLD_TERMS)) fold_terms (
        .clk, .rst, .step(fire), .fold, .last(term_end)
    );
    /* verilator lint_off PINCONNECTEMPTY */
    sw_counter #(.STEPS(SYNAPSES)) synapses (.clk, .rst, .step(fire & term_end), .value(), .last(synapse_end));
    sw_counter #(.STEPS(BLOCKS)) folds (.clk, .rst, .step(fire & ends), .value(fold), .last());
    sw_counter #(.STEPS(CYCLES)) addresses (.clk, .rst, .step(fire), .value(address), .last());
    /* verilator lint_on PINCONNECTEMPTY */
    // weights from block RAM come a cycle later
    localparam int LATE = ROM_BLOCK ? 1 : 0;
    sw_rom #(.WIDTH(PE * SIMD * W_BITS), .WORDS(CYCLES), .FILE(FILE), .BLOCK(ROM_BLOCK), .MORE(LATE)) weights (
        .clk, .address, .data(w)
    );
    sw_delay #(.WIDTH(PE * SIMD * X_BITS), .CYCLES(LATE + 1)) until_met (.clk, .from(s_data), .to(x));
    sw_sums #(
        .KIND(KIND), .SHARED(0), .PE(PE), .SIMD(SIMD), .X_BITS(X_BITS), .X_SIGNED(X_SIGNED), .W_BITS(W_BITS),
        .W_SIGNED(W_SIGNED), .WINDOW_BITS(WINDOW_BITS), .HAS_ZERO(HAS_ZERO), .RAW_BITS(RAW_BITS), .GENERIC(GENERIC),
        .LATE(LATE), .DEPTH(DEPTH), .BLOCK(BLOCK)
    ) elements (
        .clk, .rst, .fire, .ends, .room, .x, .w, .m_valid, .m_ready, .m_data
    );
endmodule
