// A convolution of any lane, grouped or depthwise; one axis is an image of height 1.
// Specification: flow/shiftwire/ops/conv.py
#ifndef SHIFTWIRE_CONV_H_
#define SHIFTWIRE_CONV_H_

#include "sw_code.h"

namespace sw {

// x (in_height, in_width, in_channels), y (out_height, out_width, filters),
// weight (filters, kernel_height, kernel_width, in_channels / groups, terms), bias (filters) on the output's grid.
// A padded tap reads the code 0, which an adder lane counts as -abs(weight).
template <class X, class Y, class C>
void conv(const X x[C::in_height * C::in_width * C::in_channels],
          Y y[C::out_height * C::out_width * C::filters],
          const typename C::weight_t
              weight[C::filters * C::kernel_height * C::kernel_width * (C::in_channels / C::groups) * C::terms],
          const typename C::bias_t bias[C::filters]) {
#pragma HLS ARRAY_PARTITION variable = weight complete
#pragma HLS ARRAY_PARTITION variable = bias complete
    typedef typename C::acc_t A;
    const int channels = C::in_channels / C::groups;
    const int filters_per_group = C::filters / C::groups;
Row:
    for (int row = 0; row < C::out_height; row++) {
    Column:
        for (int column = 0; column < C::out_width; column++) {
#pragma HLS PIPELINE II = 1
        Filter:
            for (int f = 0; f < C::filters; f++) {
                typename C::sum_t sum = 0;
                const int first = f / filters_per_group * channels;
            KernelRow:
                for (int i = 0; i < C::kernel_height; i++) {
                KernelColumn:
                    for (int j = 0; j < C::kernel_width; j++) {
                        const int v = row * C::stride_height - C::pad_top + i;
                        const int u = column * C::stride_width - C::pad_left + j;
                        const bool is_inside = v >= 0 && v < C::in_height && u >= 0 && u < C::in_width;
                    Channel:
                        for (int c = 0; c < channels; c++) {
                            typename code_of<X>::type tap = 0;
                            if (is_inside) tap = to_code(x[(v * C::in_width + u) * C::in_channels + first + c]);
                            const int w = ((f * C::kernel_height + i) * C::kernel_width + j) * channels + c;
                        Term:
                            for (int t = 0; t < C::terms; t++) {
                                sum = C::lane::template add<C>(sum, tap, weight[w * C::terms + t]);
                            }
                        }
                    }
                }
                const int at = (row * C::out_width + column) * C::filters + f;
                y[at] = from_code<Y>(A((A(sum) << C::grid_shift) + A(bias[f])));
            }
        }
    }
}

} // namespace sw

#endif
