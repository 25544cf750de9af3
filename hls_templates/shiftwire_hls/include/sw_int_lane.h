// One integer weight multiplies one input; the only multiplier in these headers. One code in, one weight in, the
// partial sum with their product out; inlined into an iteration of the unit that calls it.
// Specification: the integer scheme of shiftwire/ops/weights/
#ifndef SHIFTWIRE_INT_LANE_H_
#define SHIFTWIRE_INT_LANE_H_

#include "sw_taps.h"

namespace sw {

struct int_lane {
    static const bool is_product = true; // whether a tap is its input times a constant

    template <class C, class P, class X, class W> static P add(const P &part, const X &x, const W &weight) {
#pragma HLS INLINE
        return P(part + P(P(x) * weight));
    }

    // A sum of products is whole without the sum of its inputs.
    template <int N, class S, class X> static S with_inputs(const S &inputs, const X[N]) { return inputs; }
    template <class S> static S whole(const S &sum, const S &) { return sum; }
};

} // namespace sw

#endif
