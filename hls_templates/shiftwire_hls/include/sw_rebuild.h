// A folded matrix-vector unit whose weights are rebuilt from what the ROM holds: `pe` outputs and `simd` inputs meet in
// an iteration, and a word of weights stays for `turns` positions. Specification: shiftwire/units/sums/rebuild.py
#ifndef SHIFTWIRE_REBUILD_H_
#define SHIFTWIRE_REBUILD_H_

#include "sw_finish.h"
#include "sw_taps.h"

namespace sw {

// Where the word of weights that comes next is stored: from part `place` on, at step `column` of what is stored there,
// with the words of context from `from` on.
struct rebuild_source {
    int place, column, row, from, synapse;
};

// On to the word behind it. `columns` words are made of what is stored once; `piece_rows` times that share a context.
template <class C> void rebuild_advance(rebuild_source &next) {
#pragma HLS INLINE
    const bool ends_sum = next.synapse == C::synapse_folds - 1;
    const bool ends_row = ends_sum || next.column == C::columns - 1;
    const bool ends_piece = ends_sum || (ends_row && next.row == C::piece_rows - 1);
    next.synapse = ends_sum ? 0 : next.synapse + 1;
    next.column = ends_row ? 0 : next.column + 1;
    if (ends_row) next.place = next.place == C::words - C::parts ? 0 : next.place + C::parts;
    if (ends_row) next.row = ends_piece ? 0 : next.row + 1;
    if (ends_piece) next.from = next.from == C::context_words - C::columns ? 0 : next.from + C::columns;
}

// Taps of one part of the word that comes next are decoded.
template <class C, class Code, class Context, class W>
void rebuild_part(const Code stored[], const Context context[], int part, W next[C::pe * C::simd]) {
#pragma HLS INLINE
    W made[C::pe * C::part_taps];
#pragma HLS ARRAY_PARTITION variable = made complete
    C::decoder::template decode<C>(stored, context, made);
Output:
    SHIFTWIRE_UNROLL
    for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
    Part:
        SHIFTWIRE_UNROLL
        for (int q = 0; q < C::parts; q++) {
#pragma HLS UNROLL
        Tap:
            SHIFTWIRE_UNROLL
            for (int t = 0; t < C::part_taps; t++) {
#pragma HLS UNROLL
                if (q == part) next[p * C::simd + q * C::part_taps + t] = made[p * C::part_taps + t];
            }
        }
    }
}

// Sums of one position and what stands behind them.
template <class Y, class C, class S, class Bias> Y rebuild_beat(const S sum[C::pe], const S &inputs, const Bias bias[C::pe]) {
#pragma HLS INLINE
    Y beat;
Finish:
    SHIFTWIRE_UNROLL
    for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
        beat[p] = finished<typename Y::value_type, C>(C::lane::whole(sum[p], inputs), bias[p]);
    }
    return beat;
}

// x: for each `turns` positions, synapse_folds beats of simd codes of each in turn, read while the first of `folds`
// neuron folds works. y: for each `turns` positions, for each fold, a beat of pe sums of each: (positions / turns, folds,
// turns, pe). bias (folds, pe) on the output's grid.
// stored (words,): for each fold, for each `columns` words of weights, `parts` of what C::decoder makes them of, the
// part of taps innermost; context (context_words,): what it needs beside that, `columns` for each fold and piece.
// first (1, (pe, simd)): the word of weights that a frame begins with. A part of the next word is decoded in each of the
// first iterations of a word, so that decoders are `parts` times fewer than weights.
// Iterations a frame: positions * folds * synapse_folds.
template <class X, class Y, class C>
void rebuild(stream<X> &x, stream<Y> &y, const typename C::stored_t stored[C::words][C::stored_codes],
             const typename C::context_t context[C::context_words][C::context_codes],
             const typename C::first_t first[1][C::pe * C::simd], const typename C::bias_t bias[C::folds][C::pe]) {
#pragma HLS ARRAY_RESHAPE variable = stored dim = 2 complete
#pragma HLS ARRAY_RESHAPE variable = context dim = 2 complete
#pragma HLS ARRAY_PARTITION variable = first dim = 0 complete
#pragma HLS ARRAY_RESHAPE variable = bias dim = 2 complete
    typedef typename C::sum_t S;
    typedef typename C::first_t W;
    typedef typename held_code<X>::type code_t;
    code_t held[C::turns * C::synapse_folds][C::simd];
#pragma HLS ARRAY_RESHAPE variable = held dim = 2 complete
    S sum[C::turns][C::pe], inputs[C::turns];
#pragma HLS ARRAY_PARTITION variable = sum dim = 0 complete
#pragma HLS ARRAY_PARTITION variable = inputs complete
    W weight[C::pe * C::simd], next[C::pe * C::simd];
#pragma HLS ARRAY_PARTITION variable = weight complete
#pragma HLS ARRAY_PARTITION variable = next complete
    rebuild_source source = {C::columns > 1 ? 0 : C::parts, C::columns > 1 ? 1 : 0, 0, 0, 1};
    int turn = 0, synapse = 0, place = 0, fold = 0;
Turn:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const bool is_first = synapse == 0, is_last = synapse == C::synapse_folds - 1;
        const bool ends_word = turn == C::turns - 1, ends_fold = ends_word && is_last;
        typename seen<code_t, C::simd>::type now;
#pragma HLS ARRAY_PARTITION variable = now complete
        if (fold == 0) see_new<C::simd>(x.read(), held[place], now);
        else see_again<C::simd>(held[place], now);
        if (fold == 0) inputs[turn] = C::lane::template with_inputs<C::simd>(is_first ? S(0) : inputs[turn], now);
    Swap:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::pe * C::simd; l++) {
#pragma HLS UNROLL
            if (turn == 0) weight[l] = i == 0 ? first[0][l] : next[l];
        }
    Pe:
        SHIFTWIRE_UNROLL
        for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
            typedef typename C::part_t P;
            const S before = is_first ? S(0) : sum[turn][p];
            sum[turn][p] = with_taps<typename C::lane, C, P, C::simd>(before, now, weight, p * C::simd);
        }
        if (is_last) y.write(rebuild_beat<Y, C>(sum[turn], inputs[turn], bias[fold]));
        rebuild_part<C>(stored[source.place + (turn < C::parts ? turn : 0)], context[source.from + source.column], turn, next);
        if (ends_word) rebuild_advance<C>(source);
        turn = ends_word ? 0 : turn + 1;
        place = ends_fold ? 0 : place + 1;
        if (ends_word) synapse = is_last ? 0 : synapse + 1;
        if (ends_fold) fold = fold == C::folds - 1 ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
