// One weight term of a shift layer meets one input. One code in, one weight code in, the partial sum with the signed
// shift of x out; inlined into an iteration of the unit that calls it. Specification: the shift scheme of
// shiftwire/ops/weights/
#ifndef SHIFTWIRE_SHIFT_LANE_H_
#define SHIFTWIRE_SHIFT_LANE_H_

#include "sw_taps.h"

namespace sw {

struct shift_lane {
    static const bool is_product = true; // whether a tap is its input times a constant

    template <class C, class P, class X, class W> static P add(const P &part, const X &x, const W &weight) {
#pragma HLS INLINE
        return with_shifted<C>(part, x, weight);
    }

    // A sum of products is whole without the sum of its inputs.
    template <int N, class S, class X> static S with_inputs(const S &inputs, const X[N]) { return inputs; }
    template <class S> static S whole(const S &sum, const S &) { return sum; }
};

} // namespace sw

#endif
