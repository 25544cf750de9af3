// The output code of every input code, from a table. Specification: shiftwire/ops/threshold.py
#ifndef SHIFTWIRE_LOOKUP_H_
#define SHIFTWIRE_LOOKUP_H_

#include "sw_code.h"

namespace sw {

// The word of a lane's own table that stands `place` behind the first of a channel.
template <class T, class V, class Output> T looked_up(const V &place, int first, const Output *output) {
#pragma HLS INLINE
    return from_code<T>(output[first + to_index(place)]);
}

// x and y: `iterations` beats of `lanes` codes. output (lanes, words): the outputs of all `codes` of x, the lowest
// one's first, for each fold of the channels; words are `codes` where all channels are alike. Each lane has a memory
// of its own. Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class X, class Y, class C>
void lookup(stream<X> &x, stream<Y> &y, const typename C::output_t output[C::lanes][C::words]) {
#pragma HLS ARRAY_PARTITION variable = output dim = 1 complete
    typedef typename C::wide_t V;
    int first = 0;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const X beat = x.read();
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            const V place = V(V(to_code(beat[l])) - V(C::lowest));
            made[l] = looked_up<typename Y::value_type>(place, first, output[l]);
        }
        y.write(made);
        first = first == C::words - C::codes ? 0 : first + C::codes;
    }
}

} // namespace sw

#endif
