// More codes a beat: several beats become one. Specification: the streams of shiftwire/schedule/
#ifndef SHIFTWIRE_WIDEN_H_
#define SHIFTWIRE_WIDEN_H_

#include "sw_code.h"

namespace sw {

// x: iterations beats of `lanes` codes. y: one beat of parts * lanes codes for every `parts` of them, what came first
// in the low ones.
// Iterations a frame: those beats; a beat leaves in the iteration that reads its last part.
template <class X, class Y, class C> void widen(stream<X> &x, stream<Y> &y) {
    typedef typename code_of<typename X::value_type>::type code_t;
    code_t held[C::parts][C::lanes];
#pragma HLS ARRAY_PARTITION variable = held dim = 0 complete
    int part = 0;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const X beat = x.read();
    Place:
        SHIFTWIRE_UNROLL
        for (int p = 0; p < C::parts; p++) {
#pragma HLS UNROLL
            if (p != part) continue;
        Lane:
            SHIFTWIRE_UNROLL
            for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
                held[p][l] = to_code(beat[l]);
            }
        }
        const bool is_last = part == C::parts - 1;
        if (is_last) {
            Y made;
        Part:
            SHIFTWIRE_UNROLL
            for (int p = 0; p < C::parts; p++) {
#pragma HLS UNROLL
            PartLane:
                SHIFTWIRE_UNROLL
                for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
                    made[p * C::lanes + l] = from_code<typename Y::value_type>(held[p][l]);
                }
            }
            y.write(made);
        }
        part = is_last ? 0 : part + 1;
    }
}

} // namespace sw

#endif
