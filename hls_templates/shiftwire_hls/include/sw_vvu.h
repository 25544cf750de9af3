// A folded vector-vector unit of any lane, for depthwise layers: every channel meets its own filter.
// Specification: shiftwire/ops/conv.py
#ifndef SHIFTWIRE_VVU_H_
#define SHIFTWIRE_VVU_H_

#include "sw_finish.h"
#include "sw_taps.h"

namespace sw {

// x: positions * folds * synapse_folds beats of (simd taps, pe channels). y: for each position, folds beats of pe sums,
// (positions, folds, pe).
// weight (cycles, (simd, pe)): a word for each iteration of a position; bias (folds, pe) on the output's grid;
// last_term (term_words,): 1 where an iteration is the last of its synapse, over and over.
// Iterations a frame: positions * cycles, where cycles is the sum of synapse_folds * terms over the blocks of channels.
// A sum leaves in the last iteration of its block.
template <class X, class Y, class C>
void vvu(stream<X> &x, stream<Y> &y, const typename C::weight_t weight[C::cycles][C::simd * C::pe],
         const typename C::bias_t bias[C::folds][C::pe], const typename C::last_term_t last_term[C::term_words]) {
#pragma HLS ARRAY_RESHAPE variable = weight dim = 2 complete
#pragma HLS ARRAY_RESHAPE variable = bias dim = 2 complete
    typedef typename C::sum_t S;
    typedef typename held_code<X>::type code_t;
    code_t held[C::simd * C::pe];
#pragma HLS ARRAY_PARTITION variable = held complete
    S sum[C::pe];
#pragma HLS ARRAY_PARTITION variable = sum complete
    int cycle = 0, word = 0, synapse = 0, fold = 0;
    bool is_first_term = true;
Cycle:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const bool is_last_term = to_index(last_term[word]) != 0, is_first = synapse == 0 && is_first_term;
        const bool is_last = is_last_term && synapse == C::synapse_folds - 1;
        typename seen<code_t, C::simd * C::pe>::type now;
#pragma HLS ARRAY_PARTITION variable = now complete
        if (is_first_term) see_new<C::simd * C::pe>(x.read(), held, now);
        else see_again<C::simd * C::pe>(held, now);
    Pe:
        SHIFTWIRE_UNROLL
        for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
            if (is_first) sum[p] = S(0);
            sum[p] = with_column<typename C::lane, C, C::simd, C::pe>(sum[p], now, weight[cycle], p);
        }
        if (is_last) {
            Y beat;
        Finish:
            SHIFTWIRE_UNROLL
            for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
                beat[p] = finished<typename Y::value_type, C>(sum[p], bias[fold][p]);
            }
            y.write(beat);
        }

        is_first_term = is_last_term;
        cycle = cycle == C::cycles - 1 ? 0 : cycle + 1;
        word = word == C::term_words - 1 ? 0 : word + 1;
        if (is_last_term) synapse = is_last ? 0 : synapse + 1;
        if (is_last) fold = fold == C::folds - 1 ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
