// What units do with their taps: hold them, add them up. A stand-in for the code types may know shorter ways, and then
// overloads these functions. All are inlined into an iteration of the unit that calls them.
// Specification: shiftwire/ops/weights/
#ifndef SHIFTWIRE_TAPS_H_
#define SHIFTWIRE_TAPS_H_

#include "sw_code.h"

namespace sw {

// The codes of beats of type X while they are held, and N of them that an iteration works on: those of a beat, or those
// of one that came before.
template <class X> struct held_code : code_of<typename X::value_type> {};
template <class Code, int N> struct seen { typedef Code type[N]; };

template <int N, class X, class Code> void see_new(const X &beat, Code held[N], Code now[N]) {
#pragma HLS INLINE
See:
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
#pragma HLS UNROLL
        now[s] = to_code(beat[s]);
        held[s] = now[s];
    }
}

template <int N, class Code> void see_again(const Code held[N], Code now[N]) {
#pragma HLS INLINE
See:
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
#pragma HLS UNROLL
        now[s] = held[s];
    }
}

// Where the weight of a lane, one of pe * simd, stands in a word: blocks of `circle` outputs and inputs are circulant, and
// a word has the first row of each alone. All of it is known where lanes are unrolled, and is wires.
template <class C> int place_of(int lane) {
#pragma HLS INLINE
    const int p = lane / C::simd, s = lane % C::simd;
    const int block = p / C::circle * (C::simd / C::circle) + s / C::circle;
    return block * C::circle + (s + C::circle - p % C::circle) % C::circle;
}

// What N taps of lane L add up to; a stand-in may know a shorter way for lanes whose taps are products.
template <class L, class C, class P, int N, class X, class W> P sum_of_taps(const X x[N], const W weight[], int at) {
#pragma HLS INLINE
    P total = P(0);
Tap:
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
#pragma HLS UNROLL
        total = L::template add<C>(total, x[s], weight[place_of<C>(at + s)]);
    }
    return total;
}

// A sum and N taps more.
template <class L, class C, class P, int N, class S, class X, class W>
S with_taps(const S &sum, const X x[N], const W weight[], int at) {
#pragma HLS INLINE
    return S(sum + S(sum_of_taps<L, C, P, N>(x, weight, at)));
}

// A sum and N taps more of column `at`, one of STEP.
template <class L, class C, int N, int STEP, class S, class X, class W>
S with_column(const S &sum, const X x[N * STEP], const W weight[], int at) {
#pragma HLS INLINE
    S total = sum;
Tap:
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
#pragma HLS UNROLL
        total = L::template add<C>(total, x[s * STEP + at], weight[s * STEP + at]);
    }
    return total;
}

template <class A> A smaller(const A &a, const A &b) {
#pragma HLS INLINE
    return a < b ? a : b;
}

// A sum and one more number, or less it. For hardware the negation is carry and complement of the one addition, which a
// compiler would not make of a difference; a processor is faster with the difference. Both are tested.
template <class P> P added(const P &part, const P &more, bool is_less) {
#pragma HLS INLINE
#ifdef SHIFTWIRE_HARDWARE
    return P(part + P(more ^ P(is_less ? -1 : 0)) + P(is_less ? 1 : 0));
#else
    return is_less ? P(part - more) : P(part + more);
#endif
}

// A sum and x times the power of two that a weight code names: a sign bit above a field of 0 for no term, m for
// 2^(m - 1), m at most C::exponents. Every shift is one of a constant.
template <class C, class P, class X, class W> P with_shifted(const P &part, const X &x, const W &weight) {
#pragma HLS INLINE
    const int code = to_index(weight), field = code & ((1 << C::magnitude_bits) - 1);
    P term = P(0);
Exponent:
    SHIFTWIRE_UNROLL
    for (int exponent = 0; exponent < C::exponents; exponent++) {
#pragma HLS UNROLL
        if (field == exponent + 1) term = P(P(x) << exponent);
    }
    return added(part, term, code >> C::magnitude_bits != 0);
}

} // namespace sw

#endif
