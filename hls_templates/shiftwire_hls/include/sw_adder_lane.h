// One weight of an adder layer meets one input: -|x - w| = 2 min(x, w) - x - w. One code in, one weight in, the partial
// sum of minima out; x is summed once for all outputs, and the bias has what the weights owe. Inlined into an iteration
// of the unit that calls it. Specification: the adder scheme of shiftwire/ops/weights/
#ifndef SHIFTWIRE_ADDER_LANE_H_
#define SHIFTWIRE_ADDER_LANE_H_

#include "sw_taps.h"

namespace sw {

struct adder_lane {
    static const bool is_product = false; // whether a tap is its input times a constant

    template <class C, class P, class X, class W> static P add(const P &part, const X &x, const W &weight) {
#pragma HLS INLINE
        typedef typename C::operand_t D;
        return P(part + P(smaller(D(x), D(weight))));
    }

    // The sum of a layer's inputs, N more of them.
    template <int N, class S, class X> static S with_inputs(const S &inputs, const X x[N]) {
#pragma HLS INLINE
        S total = inputs;
    Input:
        SHIFTWIRE_UNROLL
        for (int s = 0; s < N; s++) {
#pragma HLS UNROLL
            total = S(total + S(x[s]));
        }
        return total;
    }

    template <class S> static S whole(const S &sum, const S &inputs) {
#pragma HLS INLINE
        return S(S(sum + sum) - inputs);
    }
};

} // namespace sw

#endif
