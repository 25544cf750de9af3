// Beats of codes become words of a plain port. Specification: flow/shiftwire/wrapper.py
#ifndef SHIFTWIRE_PACK_H_
#define SHIFTWIRE_PACK_H_

#include "sw_code.h"

namespace sw {

// Code 0 of a beat goes to a word's low bits; C::code_bits each, two's complement; the bits above are 0.
template <class X, class W, class C> void pack(stream<X> &x, stream<W> &y) {
    typedef uint<C::code_bits> bits_t;
Beat:
    for (int b = 0; b < C::beats; b++) {
#pragma HLS PIPELINE II = 1
        const X beat = x.read();
        W word = W(0);
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < (int)X::size; l++) {
#pragma HLS UNROLL
            word = W(word | W(W(bits_t(to_code(beat[l]))) << (l * C::code_bits)));
        }
        y.write(word);
    }
}

} // namespace sw

#endif
