// A folded vector-vector unit of any lane, for depthwise layers: every channel meets its own filter.
// Specification: shiftwire/ops/conv.py
#ifndef SHIFTWIRE_VVU_H_
#define SHIFTWIRE_VVU_H_

#include "sw_code.h"

namespace sw {

// x: positions * neuron_folds * synapse_folds beats of (simd taps, pe channels). y: for each position, neuron_folds
// beats of pe sums, (positions, neuron_folds, pe).
// weight: in the order of the iterations of a position, (cycles, simd, pe); bias (neuron_folds, pe) on the output's
// grid; fold_terms (neuron_folds): how many terms the filters of a block of channels have, at least 1.
// Iterations a frame: positions * cycles, where cycles is the sum of synapse_folds * fold_terms over the blocks. The
// innermost loop is asked for II = 1; whether the loops around it are flattened is the tool's, and none has run. A sum
// leaves in the last iteration of its block.
template <class X, class Y, class C>
void vvu(stream<X> &x, stream<Y> &y, const typename C::weight_t weight[C::cycles * C::simd * C::pe],
         const typename C::bias_t bias[C::neuron_folds * C::pe],
         const typename C::fold_terms_t fold_terms[C::neuron_folds]) {
    const int lanes = C::simd * C::pe;
    const int pe = C::pe;
#pragma HLS ARRAY_RESHAPE variable = weight cyclic factor = lanes
#pragma HLS ARRAY_RESHAPE variable = bias cyclic factor = pe
    typedef typename C::acc_t A;
    typedef typename C::sum_t S;
Position:
    for (int position = 0; position < C::positions; position++) {
        int at = 0;
    Block:
        for (int block = 0; block < C::neuron_folds; block++) {
            const int terms = to_index(fold_terms[block]);
            S sum[C::pe];
#pragma HLS ARRAY_PARTITION variable = sum complete
            X held;
        Synapse:
            for (int f = 0; f < C::synapse_folds; f++) {
            Term:
                for (int t = 0; t < terms; t++) {
#pragma HLS PIPELINE II = 1
                    SHIFTWIRE_TICK
                    if (t == 0) held = x.read();
                Pe:
                    SHIFTWIRE_UNROLL
                    for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
                        S total = f == 0 && t == 0 ? S(0) : sum[p];
                    Simd:
                        SHIFTWIRE_UNROLL
                        for (int s = 0; s < C::simd; s++) {
#pragma HLS UNROLL
                            total = C::lane::template add<C>(total, to_code(held[s * C::pe + p]),
                                                             weight[at + s * C::pe + p]);
                        }
                        sum[p] = total;
                    }
                    at += C::simd * C::pe;
                    if (f == C::synapse_folds - 1 && t == terms - 1) {
                        Y beat;
                    Give:
                        SHIFTWIRE_UNROLL
                        for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
                            const A moved = A(A(sum[p]) << C::grid_shift);
                            beat[p] = from_code<typename Y::value_type>(A(moved + A(bias[block * C::pe + p])));
                        }
                        y.write(beat);
                    }
                }
            }
        }
    }
}

} // namespace sw

#endif
