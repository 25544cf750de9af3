// One stream for two readers. Specification: the streams of shiftwire/schedule/
#ifndef SHIFTWIRE_FORK_H_
#define SHIFTWIRE_FORK_H_

#include "sw_code.h"

namespace sw {

// x, a and b: `iterations` beats of `lanes` codes, the same in both.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class X, class YA, class YB, class C> void fork(stream<X> &x, stream<YA> &a, stream<YB> &b) {
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const X beat = x.read();
        YA made_a;
        YB made_b;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            made_a[l] = from_code<typename YA::value_type>(to_code(beat[l]));
            made_b[l] = from_code<typename YB::value_type>(to_code(beat[l]));
        }
        a.write(made_a);
        b.write(made_b);
    }
}

} // namespace sw

#endif
