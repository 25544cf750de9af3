// Stored words that are weights. A part of a word in, the same weights out, (pe, taps of a part); inlined into an
// iteration of the unit that calls it. Specification: shiftwire/units/sums/rebuild.py
#ifndef SHIFTWIRE_WHOLE_DECODER_H_
#define SHIFTWIRE_WHOLE_DECODER_H_

#include "sw_taps.h"

namespace sw {

struct whole_decoder {
    template <class C, class Code, class Context, class W> static void decode(const Code stored[], const Context[], W made[]) {
#pragma HLS INLINE
    Weight:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::stored_codes; l++) {
#pragma HLS UNROLL
            made[l] = stored[l];
        }
    }
};

} // namespace sw

#endif
