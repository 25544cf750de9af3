// The sum of each window, which a power-of-two area turns into its mean by naming a finer grid.
// Specification: shiftwire/ops/pool.py
#ifndef SHIFTWIRE_SUM_POOL_H_
#define SHIFTWIRE_SUM_POOL_H_

#include "sw_code.h"

namespace sw {

// x: for each beat of y, synapse_folds beats of (simd taps, pe channels). y: beats of pe sums.
// Iterations a frame: one for each beat of x; a beat leaves in the last iteration of its window.
template <class X, class Y, class C> void sum_pool(stream<X> &x, stream<Y> &y) {
    typedef typename C::acc_t A;
    A held[C::pe];
#pragma HLS ARRAY_PARTITION variable = held complete
    int synapse = 0;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const X beat = x.read();
        Y made;
    Pe:
        SHIFTWIRE_UNROLL
        for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
            A total = synapse == 0 ? A(0) : held[p];
        Simd:
            SHIFTWIRE_UNROLL
            for (int s = 0; s < C::simd; s++) {
#pragma HLS UNROLL
                total = A(total + A(to_code(beat[s * C::pe + p])));
            }
            held[p] = total;
            made[p] = from_code<typename Y::value_type>(total);
        }
        const bool is_last = synapse == C::synapse_folds - 1;
        if (is_last) y.write(made);
        synapse = is_last ? 0 : synapse + 1;
    }
}

} // namespace sw

#endif
