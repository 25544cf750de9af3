// The sum of each window of 2^n positions, which is their mean n bits finer. Specification: flow/shiftwire/ops/pool.py
#ifndef SHIFTWIRE_AVERAGE_POOL_H_
#define SHIFTWIRE_AVERAGE_POOL_H_

#include "sw_code.h"

namespace sw {

// x (in_height, in_width, in_channels), y (out_height, out_width, in_channels); padded positions count as 0.
template <class X, class Y, class C>
void average_pool(const X x[C::in_height * C::in_width * C::in_channels],
                  Y y[C::out_height * C::out_width * C::in_channels]) {
    typedef typename C::acc_t A;
Row:
    for (int row = 0; row < C::out_height; row++) {
    Column:
        for (int column = 0; column < C::out_width; column++) {
#pragma HLS PIPELINE II = 1
        Channel:
            for (int c = 0; c < C::in_channels; c++) {
                A sum = 0;
            KernelRow:
                for (int i = 0; i < C::kernel_height; i++) {
                KernelColumn:
                    for (int j = 0; j < C::kernel_width; j++) {
                        const int v = row * C::stride_height - C::pad_top + i;
                        const int u = column * C::stride_width - C::pad_left + j;
                        const bool is_inside = v >= 0 && v < C::in_height && u >= 0 && u < C::in_width;
                        if (is_inside) sum += A(to_code(x[(v * C::in_width + u) * C::in_channels + c]));
                    }
                }
                y[(row * C::out_width + column) * C::in_channels + c] = from_code<Y>(sum);
            }
        }
    }
}

} // namespace sw

#endif
