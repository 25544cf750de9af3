// One weight term of a shift layer meets one input. Specification: flow/shiftwire/shift_weights.py
#ifndef SHIFTWIRE_SHIFT_LANE_H_
#define SHIFTWIRE_SHIFT_LANE_H_

#include "sw_code.h"

namespace sw {

// A weight code is a sign bit above a magnitude field: 0 is no term, m is sign * 2^(m - 1).
struct shift_lane {
    template <class C, class X, class W> static typename C::sum_t add(typename C::sum_t sum, X x, W weight) {
#pragma HLS INLINE
        typedef typename C::sum_t S;
        const int code = to_index(weight);
        const int magnitude = code & ((1 << C::magnitude_bits) - 1);
        const bool is_negative = (code >> C::magnitude_bits) != 0;
        const S term = S(x) << (magnitude == 0 ? 0 : magnitude - 1);
        const S signed_term = is_negative ? S(-term) : term;
        return magnitude == 0 ? sum : S(sum + signed_term);
    }
};

} // namespace sw

#endif
