// Stands in for the arbitrary-precision types of sw_code.h where a simulation has to be fast.
//
// Every width is rounded up to one that a machine has. That codes fit is proven by the interval analysis
// (shiftwire/numbers/interval.py); the simulation's source repeats it as static assertions. Constants in ROM are
// scalars.
#ifndef SHIFTWIRE_NATIVE_H_
#define SHIFTWIRE_NATIVE_H_

#include "sw_coroutine.h"
#include "sw_lanes.h"

#ifdef SHIFTWIRE_COUNT
// A simulation that counts keeps a board's folds, of hundreds of lanes: unrolled, they would compile for minutes.
#define SHIFTWIRE_TICK ++sw::ticks;
#else
#define SHIFTWIRE_UNROLL _Pragma("GCC unroll 64")
#endif

namespace sw {

template <bool Fits16, bool Fits32> struct storage { typedef int64_t type; };
template <> struct storage<true, true> { typedef int16_t type; };
template <> struct storage<false, true> { typedef int32_t type; };

template <int W> using rom_sint = typename storage<(W <= 16), (W <= 32)>::type;
template <int W> using rom_uint = typename storage<(W < 16), (W < 32)>::type;
template <int W> using sint = lanes<rom_sint<W> >;
template <int W> using uint = lanes<rom_uint<W> >;

template <class T> struct code_of { typedef T type; };

template <class T> SHIFTWIRE_INLINE const T &to_code(const T &value) { return value; }

template <class T, class A> SHIFTWIRE_INLINE T from_code(const A &code) { return T(code); }

template <class M, class E>
SHIFTWIRE_INLINE lanes<E> select(const lanes<M> &condition, const lanes<E> &yes, const lanes<E> &no) {
    const lanes<E> mask(condition);
    lanes<E> made;
    for (int i = 0; i < lanes<E>::VECTORS; i++) made.v[i] = mask.v[i] ? yes.v[i] : no.v[i];
    return made;
}

template <class E> SHIFTWIRE_INLINE lanes<E> magnitude(const lanes<E> &code) {
    lanes<E> made;
    for (int i = 0; i < lanes<E>::VECTORS; i++) made.v[i] = code.v[i] < 0 ? -code.v[i] : code.v[i];
    return made;
}

template <int Bits, bool Signed, class E> SHIFTWIRE_INLINE lanes<E> wrapped(const lanes<E> &code) {
    const int rest = 8 * sizeof(E) - Bits;
    return Signed ? lanes<E>((code << rest) >> rest) : lanes<E>(code & lanes<E>((1LL << Bits) - 1));
}

// The loader has turned every weight code into the signed power of two that it names.
template <class P, int MagnitudeBits, class X, class W> SHIFTWIRE_INLINE P signed_shift(const X &x, const W &power) {
    return P(x) * power;
}

template <class W> SHIFTWIRE_INLINE int to_index(const W &weight) { return weight; }

#if defined(__AVX2__) && !defined(SHIFTWIRE_COUNT)
template <bool ByPairs> struct taps_sum {
    template <class L, class C, class P, int N> static P of(const lanes<int16_t> x[N], const int16_t weight[], int at) {
        P total = P(0);
        SHIFTWIRE_UNROLL
        for (int s = 0; s < N; s++) total = L::template add<C>(total, x[s], weight[at + s]);
        return total;
    }
};

// Products of two taps and their sum are one instruction; a last odd tap goes alone.
template <> struct taps_sum<true> {
    template <class L, class C, class P, int N> static P of(const lanes<int16_t> x[N], const int16_t weight[], int at) {
        P total = P(0);
        SHIFTWIRE_UNROLL
        for (int s = 0; s + 1 < N; s += 2) total = total + pair_product(x[s], x[s + 1], weight + at + s);
        return N % 2 ? L::template add<C>(total, x[N - 1], weight[at + N - 1]) : total;
    }
};

template <class L, class C, class P, int N>
SHIFTWIRE_INLINE P sum_of_taps(const lanes<int16_t> x[N], const int16_t weight[], int at) {
    return taps_sum<L::is_product && sizeof(typename P::element) == 4>::template of<L, C, P, N>(x, weight, at);
}
#endif

} // namespace sw

#endif
