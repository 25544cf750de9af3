// Zeros around an image. Specification: flow/shiftwire/ops/reshape.py
#ifndef SHIFTWIRE_PAD_H_
#define SHIFTWIRE_PAD_H_

#include "sw_code.h"

namespace sw {

// x (in_height, in_width, in_channels), y (out_height, out_width, in_channels).
template <class X, class Y, class C>
void pad(const X x[C::in_height * C::in_width * C::in_channels], Y y[C::out_height * C::out_width * C::in_channels]) {
#pragma HLS PIPELINE II = 1
Row:
    for (int row = 0; row < C::out_height; row++) {
    Column:
        for (int column = 0; column < C::out_width; column++) {
            const int v = row - C::pad_top;
            const int u = column - C::pad_left;
            const bool is_inside = v >= 0 && v < C::in_height && u >= 0 && u < C::in_width;
        Channel:
            for (int c = 0; c < C::in_channels; c++) {
                typename code_of<X>::type code = 0;
                if (is_inside) code = to_code(x[(v * C::in_width + u) * C::in_channels + c]);
                y[(row * C::out_width + column) * C::in_channels + c] = from_code<Y>(code);
            }
        }
    }
}

} // namespace sw

#endif
