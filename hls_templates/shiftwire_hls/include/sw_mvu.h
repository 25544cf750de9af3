// A folded matrix-vector unit of any lane: `pe` outputs and `simd` inputs meet in an iteration.
// Specification: shiftwire/ops/dense.py and shiftwire/ops/conv.py
#ifndef SHIFTWIRE_MVU_H_
#define SHIFTWIRE_MVU_H_

#include "sw_code.h"

namespace sw {

// x: positions * groups * synapse_folds beats of simd codes, read while the first neuron fold of a group works.
// y: for each position, groups * neuron_folds beats of pe sums, (positions, groups, neuron_folds, pe).
// weight: in the order of the iterations of a position, (cycles, pe, simd); bias (groups * neuron_folds, pe) on the
// output's grid; fold_terms (groups * neuron_folds): how many terms the filters of a neuron fold have, at least 1.
// Iterations a frame: positions * cycles, where cycles is the sum of synapse_folds * fold_terms over the neuron folds.
// The innermost loop is asked for II = 1; whether the loops around it are flattened is the tool's, and none has run. A
// sum leaves in the last iteration of its neuron fold.
template <class X, class Y, class C>
void mvu(stream<X> &x, stream<Y> &y, const typename C::weight_t weight[C::cycles * C::simd * C::pe],
         const typename C::bias_t bias[C::groups * C::neuron_folds * C::pe],
         const typename C::fold_terms_t fold_terms[C::groups * C::neuron_folds]) {
    const int lanes = C::simd * C::pe;
    const int pe = C::pe;
#pragma HLS ARRAY_RESHAPE variable = weight cyclic factor = lanes
#pragma HLS ARRAY_RESHAPE variable = bias cyclic factor = pe
    typedef typename C::acc_t A;
    typedef typename C::sum_t S;
    typedef typename C::part_t P;
    typedef typename code_of<typename X::value_type>::type code_t;
    code_t held[C::synapse_folds][C::simd];
#pragma HLS ARRAY_PARTITION variable = held dim = 2 complete
Position:
    for (int position = 0; position < C::positions; position++) {
        int at = 0;
    Group:
        for (int group = 0; group < C::groups; group++) {
        Neuron:
            for (int n = 0; n < C::neuron_folds; n++) {
                const int fold = group * C::neuron_folds + n;
                const int terms = to_index(fold_terms[fold]);
                S sum[C::pe];
#pragma HLS ARRAY_PARTITION variable = sum complete
            Synapse:
                for (int f = 0; f < C::synapse_folds; f++) {
                Term:
                    for (int t = 0; t < terms; t++) {
#pragma HLS PIPELINE II = 1
                        SHIFTWIRE_TICK
                        if (n == 0 && t == 0) {
                            const X beat = x.read();
                        Hold:
                            SHIFTWIRE_UNROLL
                            for (int s = 0; s < C::simd; s++) {
#pragma HLS UNROLL
                                held[f][s] = to_code(beat[s]);
                            }
                        }
                    Pe:
                        SHIFTWIRE_UNROLL
                        for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
                            const P part =
                                sum_of_taps<typename C::lane, C, P, C::simd>(held[f], weight, at + p * C::simd);
                            sum[p] = S((f == 0 && t == 0 ? S(0) : sum[p]) + S(part));
                        }
                        at += C::simd * C::pe;
                        if (f == C::synapse_folds - 1 && t == terms - 1) {
                            Y beat;
                        Give:
                            SHIFTWIRE_UNROLL
                            for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
                                const A moved = A(A(sum[p]) << C::grid_shift);
                                beat[p] = from_code<typename Y::value_type>(A(moved + A(bias[fold * C::pe + p])));
                            }
                            y.write(beat);
                        }
                    }
                }
            }
        }
    }
}

} // namespace sw

#endif
