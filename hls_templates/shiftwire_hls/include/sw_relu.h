// The larger of a code and 0. Specification: flow/shiftwire/ops/relu.py
#ifndef SHIFTWIRE_RELU_H_
#define SHIFTWIRE_RELU_H_

#include "sw_code.h"

namespace sw {

template <class X, class Y, class C> void relu(const X x[C::n], Y y[C::n]) {
#pragma HLS PIPELINE II = 1
Element:
    for (int i = 0; i < C::n; i++) {
#pragma HLS UNROLL
        typedef typename code_of<X>::type code_t;
        const code_t code = to_code(x[i]);
        y[i] = from_code<Y>(code < 0 ? code_t(0) : code);
    }
}

} // namespace sw

#endif
