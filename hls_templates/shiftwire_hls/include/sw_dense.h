// A dense layer of any lane, fully parallel. Specification: flow/shiftwire/ops/dense.py
#ifndef SHIFTWIRE_DENSE_H_
#define SHIFTWIRE_DENSE_H_

#include "sw_code.h"

namespace sw {

// weight (n_out, n_in, terms), bias (n_out) on the output's grid.
template <class X, class Y, class C>
void dense(const X x[C::n_in], Y y[C::n_out], const typename C::weight_t weight[C::n_out * C::n_in * C::terms],
           const typename C::bias_t bias[C::n_out]) {
#pragma HLS PIPELINE II = 1
#pragma HLS ARRAY_PARTITION variable = weight complete
#pragma HLS ARRAY_PARTITION variable = bias complete
    typedef typename C::acc_t A;
Output:
    for (int o = 0; o < C::n_out; o++) {
#pragma HLS UNROLL
        typename C::sum_t sum = 0;
    Input:
        for (int i = 0; i < C::n_in; i++) {
        Term:
            for (int t = 0; t < C::terms; t++) {
                sum = C::lane::template add<C>(sum, to_code(x[i]), weight[(o * C::n_in + i) * C::terms + t]);
            }
        }
        y[o] = from_code<Y>(A((A(sum) << C::grid_shift) + A(bias[o])));
    }
}

} // namespace sw

#endif
