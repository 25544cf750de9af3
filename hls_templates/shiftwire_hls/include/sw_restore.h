// The same words in another order, packet by packet, each code in a lane of its own. Specification: the streams of
// shiftwire/schedule/
#ifndef SHIFTWIRE_RESTORE_H_
#define SHIFTWIRE_RESTORE_H_

#include "sw_code.h"

namespace sw {

// x and y: packets of `words` beats of `lanes` codes each. The code of beat source_word leaves in its place and its own
// lane, (words, lanes).
// Iterations a frame: two for each beat of y; a packet comes in, then leaves.
template <class X, class Y, class C>
void restore(stream<X> &x, stream<Y> &y, const typename C::source_word_t source_word[C::words][C::lanes]) {
#pragma HLS ARRAY_RESHAPE variable = source_word dim = 2 complete
    typedef typename code_of<typename X::value_type>::type code_t;
    code_t held[C::lanes][C::words];
#pragma HLS ARRAY_PARTITION variable = held dim = 1 complete
    int word = 0;
    bool is_leaving = false;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        if (!is_leaving) {
            const X beat = x.read();
        InLane:
            for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
                held[l][word] = to_code(beat[l]);
            }
        } else {
            Y made;
        OutLane:
            for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
                made[l] = from_code<typename Y::value_type>(held[l][to_index(source_word[word][l])]);
            }
            y.write(made);
        }
        const bool ends_packet = word == C::words - 1;
        word = ends_packet ? 0 : word + 1;
        if (ends_packet) is_leaving = !is_leaving;
    }
}

} // namespace sw

#endif
