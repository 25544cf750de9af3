// More codes a beat: several beats become one. Specification: flow/shiftwire/streaming.py
#ifndef SHIFTWIRE_WIDEN_H_
#define SHIFTWIRE_WIDEN_H_

#include "sw_code.h"

namespace sw {

// `beats` leave, each of `parts` times `lanes` codes.
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
