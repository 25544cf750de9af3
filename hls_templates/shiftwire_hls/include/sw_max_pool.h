// The largest code of each window. Specification: shiftwire/ops/pool.py
#ifndef SHIFTWIRE_MAX_POOL_H_
#define SHIFTWIRE_MAX_POOL_H_

#include "sw_code.h"

namespace sw {

// x: for each beat of y, synapse_folds beats of (simd taps, pe channels). y: beats of pe codes.
// Iterations a frame: one for each beat of x; a beat leaves in the last iteration of its window.
template <class X, class Y, class C> void max_pool(stream<X> &x, stream<Y> &y) {
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
            A total = synapse == 0 ? A(to_code(beat[p])) : held[p];
        Simd:
            SHIFTWIRE_UNROLL
            for (int s = 0; s < C::simd; s++) {
#pragma HLS UNROLL
                const A code = A(to_code(beat[s * C::pe + p]));
                total = select(code > total, code, total);
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
