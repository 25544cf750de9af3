// The channels of one tensor behind those of another, on the finer of their grids.
// Specification: flow/shiftwire/ops/join.py
#ifndef SHIFTWIRE_CONCAT_H_
#define SHIFTWIRE_CONCAT_H_

#include "sw_code.h"

namespace sw {

// a (pixels, channels_a), b (pixels, channels_b), y (pixels, channels_a + channels_b).
template <class XA, class XB, class Y, class C>
void concat(const XA a[C::pixels * C::channels_a], const XB b[C::pixels * C::channels_b],
            Y y[C::pixels * (C::channels_a + C::channels_b)]) {
#pragma HLS PIPELINE II = 1
    typedef typename C::acc_t A;
    const int channels = C::channels_a + C::channels_b;
Pixel:
    for (int p = 0; p < C::pixels; p++) {
#pragma HLS UNROLL
    ChannelA:
        for (int c = 0; c < C::channels_a; c++) {
            y[p * channels + c] = from_code<Y>(A(A(to_code(a[p * C::channels_a + c])) << C::shift_a));
        }
    ChannelB:
        for (int c = 0; c < C::channels_b; c++) {
            y[p * channels + C::channels_a + c] =
                from_code<Y>(A(A(to_code(b[p * C::channels_b + c])) << C::shift_b));
        }
    }
}

} // namespace sw

#endif
