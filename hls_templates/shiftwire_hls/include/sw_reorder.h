// The same codes in another order, packet by packet. Specification: the streams of shiftwire/schedule/
#ifndef SHIFTWIRE_REORDER_H_
#define SHIFTWIRE_REORDER_H_

#include "sw_code.h"

namespace sw {

// x and y: for each of `packets`, `size` codes, X::size and Y::size a beat; code source[i] leaves at place i.
// Iterations a frame: packets * (size / X::size + size / Y::size), both loops asked for II = 1 (no HLS tool has run); a
// packet leaves when all of it has come.
template <class X, class Y, class C>
void reorder(stream<X> &x, stream<Y> &y, const typename C::source_t source[C::size]) {
    typedef typename code_of<typename X::value_type>::type code_t;
    const int lanes = X::size;
    code_t held[C::size];
#pragma HLS ARRAY_PARTITION variable = held cyclic factor = lanes
Packet:
    for (int packet = 0; packet < C::packets; packet++) {
    In:
        for (int i = 0; i < C::size; i += X::size) {
#pragma HLS PIPELINE II = 1
            SHIFTWIRE_TICK
            const X beat = x.read();
        InLane:
            SHIFTWIRE_UNROLL
            for (int l = 0; l < (int)X::size; l++) {
#pragma HLS UNROLL
                held[i + l] = to_code(beat[l]);
            }
        }
    Out:
        for (int i = 0; i < C::size; i += Y::size) {
#pragma HLS PIPELINE II = 1
            SHIFTWIRE_TICK
            Y made;
        OutLane:
            SHIFTWIRE_UNROLL
            for (int l = 0; l < (int)Y::size; l++) {
#pragma HLS UNROLL
                made[l] = from_code<typename Y::value_type>(held[to_index(source[i + l])]);
            }
            y.write(made);
        }
    }
}

} // namespace sw

#endif
