// Beats of codes become words of a plain port. Specification: the top function of shiftwire/hls/
#ifndef SHIFTWIRE_PACK_H_
#define SHIFTWIRE_PACK_H_

#include "sw_code.h"

namespace sw {

// x: `iterations` beats of X::size codes. y: as many words; code 0 of a beat goes to a word's low bits, C::code_bits each,
// two's complement; the bits above are 0.
// Iterations a frame: those beats; a word leaves in the iteration that reads it.
template <class X, class W, class C> void pack(stream<X> &x, stream<W> &y) {
    typedef uint<C::code_bits> bits_t;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
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
