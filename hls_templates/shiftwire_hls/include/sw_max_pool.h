// The largest code of each window; padded positions are never chosen. Specification: flow/shiftwire/ops/pool.py
#ifndef SHIFTWIRE_MAX_POOL_H_
#define SHIFTWIRE_MAX_POOL_H_

#include "sw_code.h"

namespace sw {

// x (in_height, in_width, in_channels), y (out_height, out_width, in_channels).
template <class X, class Y, class C>
void max_pool(const X x[C::in_height * C::in_width * C::in_channels],
              Y y[C::out_height * C::out_width * C::in_channels]) {
    typedef typename code_of<X>::type code_t;
Row:
    for (int row = 0; row < C::out_height; row++) {
    Column:
        for (int column = 0; column < C::out_width; column++) {
#pragma HLS PIPELINE II = 1
        Channel:
            for (int c = 0; c < C::in_channels; c++) {
                code_t largest = 0;
                bool is_first = true;
            KernelRow:
                for (int i = 0; i < C::kernel_height; i++) {
                KernelColumn:
                    for (int j = 0; j < C::kernel_width; j++) {
                        const int v = row * C::stride_height - C::pad_top + i;
                        const int u = column * C::stride_width - C::pad_left + j;
                        const bool is_inside = v >= 0 && v < C::in_height && u >= 0 && u < C::in_width;
                        if (is_inside) {
                            const code_t code = to_code(x[(v * C::in_width + u) * C::in_channels + c]);
                            largest = (is_first || code > largest) ? code : largest;
                            is_first = false;
                        }
                    }
                }
                y[(row * C::out_width + column) * C::in_channels + c] = from_code<Y>(largest);
            }
        }
    }
}

} // namespace sw

#endif
