// Words of a plain port become beats of codes. Specification: the top function of shiftwire/hls/
#ifndef SHIFTWIRE_UNPACK_H_
#define SHIFTWIRE_UNPACK_H_

#include "sw_code.h"

namespace sw {

// x: `iterations` words. y: as many beats of Y::size codes; code 0 of a beat is in a word's low bits, C::code_bits each,
// two's complement.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class W, class Y, class C> void unpack(stream<W> &x, stream<Y> &y) {
    typedef typename code_of<typename Y::value_type>::type code_t;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const W word = x.read();
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < (int)Y::size; l++) {
#pragma HLS UNROLL
            made[l] = from_code<typename Y::value_type>(code_t(W(word >> (l * C::code_bits))));
        }
        y.write(made);
    }
}

} // namespace sw

#endif
