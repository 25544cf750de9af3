// The same values on another grid, in another range. Specification: shiftwire/numbers/fixed.py, requantize
#ifndef SHIFTWIRE_REQUANTIZE_H_
#define SHIFTWIRE_REQUANTIZE_H_

#include "sw_code.h"

namespace sw {

// A code, or the end of lo..hi next to it; a stand-in for the code types may overload it.
template <class A> A clamped(const A &code, const A &lo, const A &hi) {
#pragma HLS INLINE
    const A low_cut = select(code < lo, lo, code);
    return select(low_cut > hi, hi, low_cut);
}

// A code without its lowest DOWN bits, rounded; a stand-in for the code types may overload it.
template <class C, int DOWN, class V> V without_bits(const V &code) {
#pragma HLS INLINE
    const V floor = V(code >> DOWN);
    if (DOWN == 0 || !(C::half_up || C::half_even)) return floor;
    const V half = V(V(1) << (DOWN > 0 ? DOWN - 1 : 0));
    const V rest = V(code - V(floor << DOWN));
    const V raised = V(floor + V(1));
    const V upward = C::half_up ? select(rest >= half, raised, floor) : select(rest > half, raised, floor);
    const V even = V(floor + V(floor & V(1)));
    return C::half_even ? select(rest == half, even, upward) : upward;
}

// The output code of one code. drop > 0 removes that many fraction bits, drop < 0 adds them; lo..hi is the range, bits and
// is_signed its format.
template <class T, class C, class X> SHIFTWIRE_WITHIN T requantized(const X &x) {
#pragma HLS INLINE
    typedef typename C::wide_t V;
    const int down = C::drop > 0 ? C::drop : 0;
    const int up = C::drop < 0 ? -C::drop : 0;
    const V hi = V(C::hi);
    const V lo = V(C::lo);
    const V code = V(V(to_code(x)) << up);
    const V rounded = without_bits<C, down>(code);
    const V kept = C::saturate ? clamped(rounded, lo, hi) : wrapped<C::bits, C::is_signed>(rounded);
    return from_code<T>(kept);
}

// x and y: `iterations` beats of `lanes` codes.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class X, class Y, class C> void requantize(stream<X> &x, stream<Y> &y) {
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
            made[l] = requantized<typename Y::value_type, C>(beat[l]);
        }
        y.write(made);
    }
}

} // namespace sw

#endif
