// Codes: the integers that every kernel computes on. Specification: flow/shiftwire/fixed.py
//
// The only header that names an arbitrary-precision library. Another implementation stands in by defining
// SHIFTWIRE_CODE_TYPES as the file to include instead; it gives the same names in namespace sw.
#ifndef SHIFTWIRE_CODE_H_
#define SHIFTWIRE_CODE_H_

#ifdef SHIFTWIRE_CODE_TYPES
#include SHIFTWIRE_CODE_TYPES
#else

#include "ap_fixed.h"
#include "ap_int.h"

namespace sw {

template <int W> using sint = ap_int<W>;
template <int W> using uint = ap_uint<W>;

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

// The low bits of a wider code; callers prove that the value fits, or mean to wrap.
template <class T, class A> T from_code(const A &code) {
#pragma HLS INLINE
    const typename code_of<T>::type narrow = code;
    T value;
    value.V = narrow.V;
    return value;
}

// A weight code as an index; weights are constants, so in hardware this is no logic.
template <class W> int to_index(const W &weight) {
#pragma HLS INLINE
    return weight.to_int();
}

} // namespace sw

#endif
#endif
