// More codes a beat: several beats become one. Specification: the streams of shiftwire/schedule/
#ifndef SHIFTWIRE_WIDEN_H_
#define SHIFTWIRE_WIDEN_H_

#include "sw_code.h"

namespace sw {

// x: beats * parts beats of `lanes` codes. y: `beats` beats of parts * lanes codes, what came first in the low ones.
// Iterations a frame: beats * parts, the inner loop asked for II = 1 (no HLS tool has run); a beat leaves in the
// iteration that reads its last part.
template <class X, class Y, class C> void widen(stream<X> &x, stream<Y> &y) {
Beat:
    for (int b = 0; b < C::beats; b++) {
        Y made;
    Part:
        for (int part = 0; part < C::parts; part++) {
#pragma HLS PIPELINE II = 1
            SHIFTWIRE_TICK
            const X beat = x.read();
        Lane:
            SHIFTWIRE_UNROLL
            for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
                made[part * C::lanes + l] = from_code<typename Y::value_type>(to_code(beat[l]));
            }
            if (part == C::parts - 1) y.write(made);
        }
    }
}

} // namespace sw

#endif
