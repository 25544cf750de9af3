// The same codes in another order, packet by packet. Specification: the streams of shiftwire/schedule/
#ifndef SHIFTWIRE_REORDER_H_
#define SHIFTWIRE_REORDER_H_

#include "sw_code.h"

namespace sw {

// x and y: packets of `words` beats of `lanes` codes each. Code source_lane of beat source_word leaves in its place,
// each (words, lanes).
// Iterations a frame: two for each beat of y; a packet comes in, then leaves. A lane that leaves has a copy of the
// packet of its own, so that every memory gives one word an iteration.
template <class X, class Y, class C>
void reorder(stream<X> &x, stream<Y> &y, const typename C::source_word_t source_word[C::words][C::lanes],
             const typename C::source_lane_t source_lane[C::words][C::lanes]) {
#pragma HLS ARRAY_RESHAPE variable = source_word dim = 2 complete
#pragma HLS ARRAY_RESHAPE variable = source_lane dim = 2 complete
    typedef typename code_of<typename X::value_type>::type code_t;
    code_t held[C::lanes][C::words][C::lanes];
#pragma HLS ARRAY_PARTITION variable = held dim = 1 complete
#pragma HLS ARRAY_RESHAPE variable = held dim = 3 complete
    int word = 0;
    bool is_leaving = false;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        if (!is_leaving) {
            const X beat = x.read();
        Copy:
            for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            InLane:
                for (int from = 0; from < C::lanes; from++) {
#pragma HLS UNROLL
                    held[l][word][from] = to_code(beat[from]);
                }
            }
        } else {
            Y made;
        OutLane:
            for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
                code_t row[C::lanes];
#pragma HLS ARRAY_PARTITION variable = row complete
            RowLane:
                for (int from = 0; from < C::lanes; from++) {
#pragma HLS UNROLL
                    row[from] = held[l][to_index(source_word[word][l])][from];
                }
                made[l] = from_code<typename Y::value_type>(row[to_index(source_lane[word][l])]);
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
