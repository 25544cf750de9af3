// A folded matrix-vector unit of any lane: `pe` outputs and `simd` inputs meet in an iteration.
// Specification: shiftwire/ops/dense.py and shiftwire/ops/conv.py
#ifndef SHIFTWIRE_MVU_H_
#define SHIFTWIRE_MVU_H_

#include "sw_finish.h"
#include "sw_taps.h"

namespace sw {

// x: positions * groups * synapse_folds beats of simd codes, read while the first neuron fold of a group works.
// y: for each position, folds = groups * neuron_folds beats of pe sums, (positions, groups, neuron_folds, pe).
// weight (cycles, (pe, simd) / circle): a word for each iteration of a position, see place_of; bias (folds, pe) on the
// output's grid;
// last_term (term_words,), over and over: 0 where another term of the synapse follows, else how many synapses further
// the next iteration is, past the end of a neuron fold where that is the last of its own. Where no weight adds anything
// there is none, but the first neuron fold of a group has one for each synapse, and every fold has one.
// Iterations a frame: positions * cycles, where cycles is at most the sum of synapse_folds * terms over the neuron folds.
// A sum leaves in the last iteration of its neuron fold. What is read in an iteration never comes from `held` in the
// same.
template <class X, class Y, class C>
void mvu(stream<X> &x, stream<Y> &y, const typename C::weight_t weight[C::cycles][C::pe * C::simd / C::circle],
         const typename C::bias_t bias[C::folds][C::pe], const typename C::last_term_t last_term[C::term_words]) {
#pragma HLS ARRAY_RESHAPE variable = weight dim = 2 complete
#pragma HLS ARRAY_RESHAPE variable = bias dim = 2 complete
    typedef typename C::sum_t S;
    typedef typename Y::value_type T;
    typedef typename held_code<X>::type code_t;
    code_t held[C::synapse_folds][C::simd];
#pragma HLS ARRAY_RESHAPE variable = held dim = 2 complete
    S sum[C::pe], inputs = S(0);
#pragma HLS ARRAY_PARTITION variable = sum complete
    int cycle = 0, word = 0, synapse = 0, neuron = 0, fold = 0;
    bool is_first = true, is_first_term = true;
Cycle:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const int further = to_index(last_term[word]), next = synapse + further;
        const bool is_last_term = further != 0, is_last = next >= C::synapse_folds;
        typename seen<code_t, C::simd>::type now;
#pragma HLS ARRAY_PARTITION variable = now complete
        const bool is_new = neuron == 0 && is_first_term;
        if (is_new) see_new<C::simd>(x.read(), held[synapse], now);
        else see_again<C::simd>(held[synapse], now);
        if (is_new) inputs = C::lane::template with_inputs<C::simd>(is_first ? S(0) : inputs, now);
    Pe:
        SHIFTWIRE_UNROLL
        for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
            typedef typename C::part_t P;
            if (is_first) sum[p] = S(0);
            sum[p] = with_taps<typename C::lane, C, P, C::simd>(sum[p], now, weight[cycle], p * C::simd);
        }
        if (is_last) {
            Y beat;
        Finish:
            SHIFTWIRE_UNROLL
            for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
                beat[p] = finished<T, C>(C::lane::whole(sum[p], inputs), bias[fold][p]);
            }
            y.write(beat);
        }

        const bool ends_group = is_last && neuron == C::neuron_folds - 1;
        is_first = is_last;
        is_first_term = is_last_term;
        cycle = cycle == C::cycles - 1 ? 0 : cycle + 1;
        word = word == C::term_words - 1 ? 0 : word + 1;
        synapse = is_last ? next - C::synapse_folds : next;
        if (is_last) neuron = ends_group ? 0 : neuron + 1;
        if (is_last) fold = fold == C::folds - 1 ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
