// Stands in for the arbitrary-precision types of sw_code.h where a simulation has to be fast.
//
// Every width is rounded up to one that a machine has. That codes fit is proven by the interval analysis
// (shiftwire/numbers/interval.py); the simulation's source repeats it as static assertions. Constants in ROM are
// scalars.
#ifndef SHIFTWIRE_NATIVE_H_
#define SHIFTWIRE_NATIVE_H_

#ifdef SHIFTWIRE_COUNT
// A simulation that counts keeps a board's folds, of hundreds of lanes: unrolled, they would compile for minutes.
#define SHIFTWIRE_TICK sw::tick();
#define SHIFTWIRE_UNROLL
#else
#define SHIFTWIRE_UNROLL _Pragma("GCC unroll 64")
#define SHIFTWIRE_WITHIN inline __attribute__((always_inline))
#define SHIFTWIRE_STANDING(Y, array) sw::standing_in<Y>::of(array)
#endif

#include "sw_coroutine.h"
#include "sw_lanes.h"

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
    SHIFTWIRE_REGISTERS
    for (int i = 0; i < lanes<E>::VECTORS; i++) made.v[i] = mask.v[i] ? yes.v[i] : no.v[i];
    return made;
}

template <class E> SHIFTWIRE_INLINE lanes<E> clamped(const lanes<E> &code, const lanes<E> &lo, const lanes<E> &hi) {
    const lanes<E> low_cut = select(code < lo, lo, code);
    return select(low_cut > hi, hi, low_cut);
}
#ifdef __AVX2__
SHIFTWIRE_INLINE lanes<int32_t> clamped(const lanes<int32_t> &code, const lanes<int32_t> &lo, const lanes<int32_t> &hi) {
    typedef lanes<int32_t>::vector vector;
    lanes<int32_t> made;
    SHIFTWIRE_REGISTERS
    for (int i = 0; i < lanes<int32_t>::VECTORS; i++) {
#ifdef __AVX512BW__
        made.v[i] = (vector)_mm512_min_epi32(_mm512_max_epi32((__m512i)code.v[i], (__m512i)lo.v[i]), (__m512i)hi.v[i]);
#else
        made.v[i] = (vector)_mm256_min_epi32(_mm256_max_epi32((__m256i)code.v[i], (__m256i)lo.v[i]), (__m256i)hi.v[i]);
#endif
    }
    return made;
}
SHIFTWIRE_INLINE lanes<int16_t> clamped(const lanes<int16_t> &code, const lanes<int16_t> &lo, const lanes<int16_t> &hi) {
    typedef lanes<int16_t>::vector vector;
    return {(vector)_mm256_min_epi16(_mm256_max_epi16((__m256i)code.v[0], (__m256i)lo.v[0]), (__m256i)hi.v[0])};
}
#endif

// The floor of half a step more; from an even one the last bit of the half is missing. The widest code has room for it.
template <class C, int DOWN, class E> SHIFTWIRE_INLINE lanes<E> without_bits(const lanes<E> &code) {
    if (DOWN == 0 || !(C::half_up || C::half_even)) return code >> DOWN;
    const long long half = 1LL << (DOWN > 0 ? DOWN - 1 : 0);
    if (C::half_up) return (code + lanes<E>(half)) >> DOWN;
    return (code + lanes<E>(half - 1) + ((code >> DOWN) & lanes<E>(1))) >> DOWN;
}

template <int Bits, bool Signed, class E> SHIFTWIRE_INLINE lanes<E> wrapped(const lanes<E> &code) {
    const int rest = 8 * sizeof(E) - Bits;
    return Signed ? lanes<E>((code << rest) >> rest) : lanes<E>(code & lanes<E>((1LL << Bits) - 1));
}

// What is 1 in all words of a table, which a compiler knows then.
struct one {
    one() = default;
    one(long long) {}
    operator int() const { return 1; }
};

template <class W> SHIFTWIRE_INLINE int to_index(const W &weight) { return weight; }

// Codes of vectors stay where they are held. Of a beat that has fewer than a unit works on, each serves several in a row.
template <class Code, int N> struct seen;
template <class E, int N> struct seen<lanes<E>, N> { typedef const lanes<E> *type; };

template <int N, class X, class E>
SHIFTWIRE_INLINE void see_new(const X &beat, lanes<E> held[N], const lanes<E> *&now) {
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) held[s] = beat[s / (N / X::size)];
    now = held;
}

template <int N, class E> SHIFTWIRE_INLINE void see_again(const lanes<E> held[N], const lanes<E> *&now) { now = held; }

template <class E> SHIFTWIRE_INLINE lanes<E> smaller(const lanes<E> &a, const lanes<E> &b) {
    lanes<E> made;
    SHIFTWIRE_REGISTERS
    for (int i = 0; i < lanes<E>::VECTORS; i++) made.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
    return made;
}

template <class E, class M>
SHIFTWIRE_INLINE lanes<E> added(const lanes<E> &part, const lanes<E> &more, const lanes<M> &is_less) {
    const lanes<E> mask(is_less);
    return part + ((more ^ mask) - mask);
}

// The loader has turned every weight code into the signed power of two that it names.
template <class C, class E, class X, class W>
SHIFTWIRE_INLINE lanes<E> with_shifted(const lanes<E> &part, const X &x, const W &power) {
    return part + lanes<E>(x) * power;
}

template <class C, class E, class Row>
SHIFTWIRE_INLINE lanes<E> banked(const lanes<E> &outside, bool is_inside, const Row *line, int row, int bank,
                                 const int at[C::banks], int channel) {
    return is_inside ? line[row][bank][at[bank]][channel] : outside;
}

template <class E, class B>
SHIFTWIRE_INLINE lanes<E> counted(const lanes<E> &count, const lanes<E> &code, const B *bound, int bounds) {
    lanes<E> more = count;
    SHIFTWIRE_UNROLL
    for (int b = 0; b < bounds; b++) more = more - (code >= lanes<E>(bound[b]));
    return more;
}

// Every image is at a place of its own, so all thresholds are met: as many stand before where a search ends.
template <class T, class C, class E, class Output, class... Bounds>
SHIFTWIRE_INLINE T staircase(const lanes<E> &code, int fold, int lane, const Output *output, const Bounds &...bound) {
    lanes<E> count(0);
    int words = 1;
    const int stages[] = {(count = counted(count, code, bound[lane] + fold * words, words), words = 2 * words)...};
    (void)stages;
    if (!C::has_outputs) return T(count + lanes<E>(C::base));
    const Output *first = output + fold * C::counts;
    return T(T(count) * (first[1] - first[0]) + T(first[0]));
}

// Every image is at a place of its own.
template <class T, class E, class Output>
SHIFTWIRE_INLINE T looked_up(const lanes<E> &place, int first, const Output *output) {
    T made;
    for (int image = 0; image < IMAGES; image++) made.set(image, output[first + place.get(image)]);
    return made;
}

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

#ifndef SHIFTWIRE_COUNT
#include "sw_fused.h"
#include "sw_held.h"
#endif

#endif
