// One weight of a depthwise adder layer meets one input. One code in, one weight in, the partial sum less the distance
// of x and w out; inlined into an iteration of the unit that calls it. Specification: the adder scheme of
// shiftwire/ops/weights/
#ifndef SHIFTWIRE_DISTANCE_LANE_H_
#define SHIFTWIRE_DISTANCE_LANE_H_

#include "sw_taps.h"

namespace sw {

struct distance_lane {
    static const bool is_product = false; // whether a tap is its input times a constant

    template <class C, class P, class X, class W> static P add(const P &part, const X &x, const W &weight) {
#pragma HLS INLINE
        typedef typename C::operand_t D;
        const D apart = D(D(x) - D(weight));
        return added(part, P(apart), apart >= D(0));
    }
};

} // namespace sw

#endif
