// Codes: the integers that every kernel computes on. Specification: shiftwire/numbers/fixed.py
//
// The only header that names an arbitrary-precision library. Another implementation stands in by defining
// SHIFTWIRE_CODE_TYPES as the file to include instead; it gives the same names in namespace sw. Every function is
// inlined into the loop that calls it and has no latency of its own.
#ifndef SHIFTWIRE_CODE_H_
#define SHIFTWIRE_CODE_H_

#ifdef SHIFTWIRE_CODE_TYPES
#include SHIFTWIRE_CODE_TYPES
#else

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

namespace sw {

template <class T> using stream = hls::stream<T>;

template <int W> using sint = ap_int<W>;
template <int W> using uint = ap_uint<W>;
// Constants in ROM; a stand-in may hold them apart from codes.
template <int W> using rom_sint = ap_int<W>;
template <int W> using rom_uint = ap_uint<W>;

// code_of<T>::type holds the bits of a T as an integer, whatever its binary point.
template <class T> struct code_of;
template <int W> struct code_of<ap_int<W> > { typedef ap_int<W> type; };
template <int W> struct code_of<ap_uint<W> > { typedef ap_uint<W> type; };
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct code_of<ap_fixed<W, I, Q, O, N> > {
    typedef ap_int<W> type;
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct code_of<ap_ufixed<W, I, Q, O, N> > {
    typedef ap_uint<W> type;
};

template <class T> typename code_of<T>::type to_code(const T &value) {
#pragma HLS INLINE
    typename code_of<T>::type code;
    code.V = value.V;
    return code;
}

// The low bits of a wider code; callers prove that the value fits, or have wrapped it.
template <class T, class A> T from_code(const A &code) {
#pragma HLS INLINE
    const typename code_of<T>::type narrow = code;
    T value;
    value.V = narrow.V;
    return value;
}

template <class A> A select(bool condition, const A &yes, const A &no) {
#pragma HLS INLINE
    return condition ? yes : no;
}

// The low `Bits` bits of a code, read as signed or unsigned.
template <int Bits, bool Signed, class A> A wrapped(const A &code) {
#pragma HLS INLINE
    return Signed ? A(ap_int<Bits>(code)) : A(ap_uint<Bits>(code));
}

// A small constant as an index or a count.
template <class W> int to_index(const W &weight) {
#pragma HLS INLINE
    return weight.to_int();
}

} // namespace sw

#endif

// What is read by a compiler for hardware, wherever that and a processor want other words for the same.
#if defined(__SYNTHESIS__) && !defined(SHIFTWIRE_HARDWARE)
#define SHIFTWIRE_HARDWARE
#endif

// What one iteration of a pipelined loop counts as; a simulation that counts cycles defines it.
#ifndef SHIFTWIRE_TICK
#define SHIFTWIRE_TICK
#endif
// Asks a compiler for the host to unroll the loop that follows, as HLS UNROLL asks the synthesiser.
#ifndef SHIFTWIRE_UNROLL
#define SHIFTWIRE_UNROLL
#endif

namespace sw {

// N codes that an iteration works on: those of a beat, which are held, or those of one that came before.
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

// What N taps of lane L add up to; a stand-in may know a shorter way for lanes whose taps are products.
template <class L, class C, class P, int N, class X, class W> P sum_of_taps(const X x[N], const W weight[], int at) {
#pragma HLS INLINE
    P total = P(0);
Tap:
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
#pragma HLS UNROLL
        total = L::template add<C>(total, x[s], weight[at + s]);
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

// One code of a line buffer (rows, banks, bank_words, tap_channels), whose banks are memories: each gives the word at
// its place, and one of them is kept.
template <class C, class Code, class Row>
Code banked(const Code &outside, bool is_inside, const Row *line, int row, int bank, const int at[C::banks],
            int channel) {
#pragma HLS INLINE
    Code code[C::rows][C::banks];
#pragma HLS ARRAY_PARTITION variable = code dim = 0 complete
Row:
    for (int r = 0; r < C::rows; r++) {
#pragma HLS UNROLL
    Bank:
        for (int b = 0; b < C::banks; b++) {
#pragma HLS UNROLL
            code[r][b] = line[r][b][at[b]][channel];
        }
    }
    return is_inside ? code[row][bank] : outside;
}

} // namespace sw

#endif
