// The larger of a code and 0. Specification: shiftwire/ops/relu.py
#ifndef SHIFTWIRE_RELU_H_
#define SHIFTWIRE_RELU_H_

#include "sw_code.h"

namespace sw {

// The output code of one code.
template <class T, class X> SHIFTWIRE_WITHIN T rectified(const X &x) {
#pragma HLS INLINE
    typedef typename code_of<X>::type code_t;
    const code_t code = to_code(x);
    return from_code<T>(select(code < code_t(0), code_t(0), code));
}

// x and y: `iterations` beats of `lanes` codes.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class X, class Y, class C> void relu(stream<X> &x, stream<Y> &y) {
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const X beat = x.read();
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            made[l] = rectified<typename Y::value_type>(beat[l]);
        }
        y.write(made);
    }
}

} // namespace sw

#endif
