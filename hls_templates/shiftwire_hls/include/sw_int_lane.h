// One integer weight multiplies one input; the only multiplier in these headers.
// Specification: flow/shiftwire/ops/weights.py, class Int
#ifndef SHIFTWIRE_INT_LANE_H_
#define SHIFTWIRE_INT_LANE_H_

#include "sw_code.h"

namespace sw {

struct int_lane {
    template <class C, class X, class W> static typename C::sum_t add(typename C::sum_t sum, X x, W weight) {
#pragma HLS INLINE
        return typename C::sum_t(sum + x * weight);
    }
};

} // namespace sw

#endif
