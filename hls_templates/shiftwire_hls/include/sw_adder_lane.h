// One weight of an adder layer meets one input. One code in, one weight in, the partial sum less |x - w| out; inlined
// into an iteration of the unit that calls it. Specification: the adder scheme of shiftwire/ops/weights/
#ifndef SHIFTWIRE_ADDER_LANE_H_
#define SHIFTWIRE_ADDER_LANE_H_

#include "sw_code.h"

namespace sw {

struct adder_lane {
    static const bool is_product = false; // whether a tap is its input times a constant

    template <class C, class P, class X, class W> static P add(const P &part, const X &x, const W &weight) {
#pragma HLS INLINE
        typedef typename C::difference_t D;
        return P(part - P(magnitude(D(D(x) - D(weight)))));
    }
};

} // namespace sw

#endif
