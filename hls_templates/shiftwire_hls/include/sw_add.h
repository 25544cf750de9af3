// The sum of two tensors on the finer of their grids. Specification: shiftwire/ops/add.py
#ifndef SHIFTWIRE_ADD_H_
#define SHIFTWIRE_ADD_H_

#include "sw_code.h"

namespace sw {

// a, b and y: `iterations` beats of `lanes` codes each; a moves shift_a bits and b shift_b bits to the left.
// Iterations a frame: those beats; a beat leaves in the iteration that reads them.
template <class XA, class XB, class Y, class C> void add(stream<XA> &a, stream<XB> &b, stream<Y> &y) {
    typedef typename C::acc_t A;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const XA beat_a = a.read();
        const XB beat_b = b.read();
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            const A moved_a = A(A(to_code(beat_a[l])) << C::shift_a);
            const A moved_b = A(A(to_code(beat_b[l])) << C::shift_b);
            made[l] = from_code<typename Y::value_type>(A(moved_a + moved_b));
        }
        y.write(made);
    }
}

} // namespace sw

#endif
