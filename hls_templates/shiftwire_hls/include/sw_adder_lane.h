// One weight of an adder layer meets one input. Specification: flow/shiftwire/ops/weights.py, class Adder
#ifndef SHIFTWIRE_ADDER_LANE_H_
#define SHIFTWIRE_ADDER_LANE_H_

#include "sw_code.h"

namespace sw {

struct adder_lane {
    template <class C, class X, class W> static typename C::sum_t add(typename C::sum_t sum, X x, W weight) {
#pragma HLS INLINE
        typedef typename C::sum_t S;
        typedef typename C::difference_t D;
        const D difference = D(x) - D(weight);
        return difference < 0 ? S(sum + difference) : S(sum - difference);
    }
};

} // namespace sw

#endif
