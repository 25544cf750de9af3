// The larger of a code and 0. Specification: shiftwire/ops/relu.py
#ifndef SHIFTWIRE_RELU_H_
#define SHIFTWIRE_RELU_H_

#include "sw_code.h"

namespace sw {

// x and y: `iterations` beats of `lanes` codes.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class X, class Y, class C> void relu(stream<X> &x, stream<Y> &y) {
    typedef typename code_of<typename X::value_type>::type code_t;
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
            const code_t code = to_code(beat[l]);
            made[l] = from_code<typename Y::value_type>(select(code < code_t(0), code_t(0), code));
        }
        y.write(made);
    }
}

} // namespace sw

#endif
