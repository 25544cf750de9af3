// A scale of k powers of two and a bias for each channel. Specification: flow/shiftwire/ops/affine.py
#ifndef SHIFTWIRE_AFFINE_H_
#define SHIFTWIRE_AFFINE_H_

#include "sw_code.h"

namespace sw {

// weight (channels, terms), bias (channels) on the output's grid.
template <class X, class Y, class C>
void affine(const X x[C::n], Y y[C::n], const typename C::weight_t weight[C::channels * C::terms],
            const typename C::bias_t bias[C::channels]) {
#pragma HLS PIPELINE II = 1
#pragma HLS ARRAY_PARTITION variable = weight complete
#pragma HLS ARRAY_PARTITION variable = bias complete
    typedef typename C::acc_t A;
Element:
    for (int i = 0; i < C::n; i++) {
#pragma HLS UNROLL
        const int c = i % C::channels;
        typename C::sum_t sum = 0;
    Term:
        for (int t = 0; t < C::terms; t++) {
            sum = C::lane::template add<C>(sum, to_code(x[i]), weight[c * C::terms + t]);
        }
        y[i] = from_code<Y>(A((A(sum) << C::grid_shift) + A(bias[c])));
    }
}

} // namespace sw

#endif
