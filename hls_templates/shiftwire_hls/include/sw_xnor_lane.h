// One weight of a binary layer meets one input: two bits that agree count one. One code in, one weight bit in, the
// partial count out; the bias has what the weights of -1 owe. Inlined into an iteration of the unit that calls it.
// Specification: the binary scheme of shiftwire/ops/weights/
#ifndef SHIFTWIRE_XNOR_LANE_H_
#define SHIFTWIRE_XNOR_LANE_H_

#include "sw_taps.h"

namespace sw {

struct xnor_lane {
    static const bool is_product = false; // whether a tap is its input times a constant

    template <class C, class P, class X, class W> static P add(const P &part, const X &x, const W &weight) {
#pragma HLS INLINE
        return P(part + select(x == X(weight), P(1), P(0)));
    }

    // A count is whole without the sum of its inputs.
    template <int N, class S, class X> static S with_inputs(const S &inputs, const X[N]) { return inputs; }
    template <class S> static S whole(const S &sum, const S &) { return sum; }
};

} // namespace sw

#endif
