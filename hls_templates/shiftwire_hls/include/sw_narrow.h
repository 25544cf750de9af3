// Fewer codes a beat: every beat becomes several. Specification: the streams of shiftwire/schedule/
#ifndef SHIFTWIRE_NARROW_H_
#define SHIFTWIRE_NARROW_H_

#include "sw_code.h"

namespace sw {

// x: `beats` beats of parts * lanes codes. y: beats * parts beats of `lanes` codes, the low ones first.
// Iterations a frame: beats * parts, the inner loop asked for II = 1 (no HLS tool has run); the first part leaves in
// the iteration that reads its beat.
template <class X, class Y, class C> void narrow(stream<X> &x, stream<Y> &y) {
Beat:
    for (int b = 0; b < C::beats; b++) {
        X held;
    Part:
        for (int part = 0; part < C::parts; part++) {
#pragma HLS PIPELINE II = 1
            SHIFTWIRE_TICK
            if (part == 0) held = x.read();
            Y made;
        Lane:
            SHIFTWIRE_UNROLL
            for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
                made[l] = from_code<typename Y::value_type>(to_code(held[part * C::lanes + l]));
            }
            y.write(made);
        }
    }
}

} // namespace sw

#endif
