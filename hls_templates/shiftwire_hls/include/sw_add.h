// The sum of two tensors on the finer of their grids. Specification: flow/shiftwire/ops/join.py
#ifndef SHIFTWIRE_ADD_H_
#define SHIFTWIRE_ADD_H_

#include "sw_code.h"

namespace sw {

template <class XA, class XB, class Y, class C> void add(const XA a[C::n], const XB b[C::n], Y y[C::n]) {
#pragma HLS PIPELINE II = 1
    typedef typename C::acc_t A;
Element:
    for (int i = 0; i < C::n; i++) {
#pragma HLS UNROLL
        const A moved_a = A(to_code(a[i])) << C::shift_a;
        const A moved_b = A(to_code(b[i])) << C::shift_b;
        y[i] = from_code<Y>(A(moved_a + moved_b));
    }
}

} // namespace sw

#endif
