// The same values on another grid, in another range. Specification: flow/shiftwire/fixed.py, requantize
#ifndef SHIFTWIRE_REQUANTIZE_H_
#define SHIFTWIRE_REQUANTIZE_H_

#include "sw_code.h"

namespace sw {

// drop > 0 removes that many fraction bits, drop < 0 adds them; Y's code type is the range.
template <class X, class Y, class C> void requantize(const X x[C::n], Y y[C::n]) {
#pragma HLS PIPELINE II = 1
    typedef typename C::wide_t V;
    const int down = C::drop > 0 ? C::drop : 0;
    const int up = C::drop < 0 ? -C::drop : 0;
    const V half = down > 0 ? V(V(1) << (down > 0 ? down - 1 : 0)) : V(0);
    const V hi = V(C::hi);
    const V lo = V(C::lo);
Element:
    for (int i = 0; i < C::n; i++) {
#pragma HLS UNROLL
        const V code = V(to_code(x[i])) << up;
        const V floor = code >> down;
        const V rest = code - (floor << down);
        const bool is_odd = (floor & V(1)) != 0;
        const bool is_carry = down > 0 && ((C::half_up && rest >= half) ||
                                           (C::half_even && (rest > half || (rest == half && is_odd))));
        const V rounded = is_carry ? V(floor + 1) : floor;
        const V low_cut = rounded < lo ? lo : rounded;
        const V saturated = low_cut > hi ? hi : low_cut;
        y[i] = from_code<Y>(C::saturate ? saturated : rounded);
    }
}

} // namespace sw

#endif
