// An image (pixels, channels) as a vector with the channel slowest. Specification: flow/shiftwire/ops/reshape.py
#ifndef SHIFTWIRE_FLATTEN_H_
#define SHIFTWIRE_FLATTEN_H_

#include "sw_code.h"

namespace sw {

template <class X, class Y, class C>
void flatten(const X x[C::pixels * C::channels], Y y[C::pixels * C::channels]) {
#pragma HLS PIPELINE II = 1
Channel:
    for (int c = 0; c < C::channels; c++) {
#pragma HLS UNROLL
    Pixel:
        for (int p = 0; p < C::pixels; p++) {
            y[c * C::pixels + p] = from_code<Y>(to_code(x[p * C::channels + c]));
        }
    }
}

} // namespace sw

#endif
