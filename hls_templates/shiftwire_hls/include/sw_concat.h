// The channels of one tensor behind those of another, on the finer of their grids.
// Specification: shiftwire/ops/concat.py
#ifndef SHIFTWIRE_CONCAT_H_
#define SHIFTWIRE_CONCAT_H_

#include "sw_code.h"

namespace sw {

// a and b: for each pixel, folds_a and folds_b beats of `lanes` codes. y: for each pixel those of a, then of b;
// iterations in all.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class XA, class XB, class Y, class C> void concat(stream<XA> &a, stream<XB> &b, stream<Y> &y) {
    typedef typename C::acc_t A;
    int fold = 0;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const bool is_first = fold < C::folds_a;
        XA beat_a;
        XB beat_b;
        if (is_first) beat_a = a.read();
        else beat_b = b.read();
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            const A moved_a = A(A(to_code(beat_a[l])) << C::shift_a);
            const A moved_b = A(A(to_code(beat_b[l])) << C::shift_b);
            made[l] = from_code<typename Y::value_type>(is_first ? moved_a : moved_b);
        }
        y.write(made);
        fold = fold == C::folds_a + C::folds_b - 1 ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
