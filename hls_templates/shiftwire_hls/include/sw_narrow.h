// Fewer codes a beat: every beat becomes several. Specification: the streams of shiftwire/schedule/
#ifndef SHIFTWIRE_NARROW_H_
#define SHIFTWIRE_NARROW_H_

#include "sw_code.h"

namespace sw {

// x: beats of parts * lanes codes. y: for each of them `parts` beats of `lanes` codes, the low ones first; iterations
// in all.
// Iterations a frame: those beats; the first part leaves in the iteration that reads its beat.
template <class X, class Y, class C> void narrow(stream<X> &x, stream<Y> &y) {
    typedef typename code_of<typename X::value_type>::type code_t;
    code_t held[C::parts][C::lanes];
#pragma HLS ARRAY_PARTITION variable = held dim = 0 complete
    int part = 0;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        if (part == 0) {
            const X beat = x.read();
        Part:
            SHIFTWIRE_UNROLL
            for (int p = 0; p < C::parts; p++) {
#pragma HLS UNROLL
            PartLane:
                SHIFTWIRE_UNROLL
                for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
                    held[p][l] = to_code(beat[p * C::lanes + l]);
                }
            }
        }
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            made[l] = from_code<typename Y::value_type>(held[part][l]);
        }
        y.write(made);
        part = part == C::parts - 1 ? 0 : part + 1;
    }
}

} // namespace sw

#endif
