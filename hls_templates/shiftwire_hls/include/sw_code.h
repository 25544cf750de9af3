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
// What a compiler for the host is asked for in front of a function, as HLS INLINE asks the synthesiser.
#ifndef SHIFTWIRE_WITHIN
#define SHIFTWIRE_WITHIN
#endif
// An array whose codes a reader of beats of type Y may see where they stand.
#ifndef SHIFTWIRE_STANDING
#define SHIFTWIRE_STANDING(Y, array) array
#endif
// Asks a compiler for the host to unroll the loop that follows, as HLS UNROLL asks the synthesiser.
#ifndef SHIFTWIRE_UNROLL
#define SHIFTWIRE_UNROLL
#endif

#endif
