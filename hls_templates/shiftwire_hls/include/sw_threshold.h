// A staircase for each channel: base plus one step for every threshold reached.
// Specification: flow/shiftwire/ops/threshold.py
#ifndef SHIFTWIRE_THRESHOLD_H_
#define SHIFTWIRE_THRESHOLD_H_

#include "sw_code.h"

namespace sw {

// threshold (channels, steps), base and step (channels).
template <class X, class Y, class C>
void threshold(const X x[C::n], Y y[C::n], const typename C::threshold_t threshold[C::channels * C::steps],
               const typename C::base_t base[C::channels], const typename C::step_t step[C::channels]) {
#pragma HLS PIPELINE II = 1
#pragma HLS ARRAY_PARTITION variable = threshold complete
#pragma HLS ARRAY_PARTITION variable = base complete
#pragma HLS ARRAY_PARTITION variable = step complete
    typedef typename C::acc_t A;
Element:
    for (int i = 0; i < C::n; i++) {
#pragma HLS UNROLL
        const int c = i % C::channels;
        A acc = base[c];
    Step:
        for (int s = 0; s < C::steps; s++) {
            const bool is_reached = to_code(x[i]) >= threshold[c * C::steps + s];
            acc = is_reached ? A(acc + A(step[c])) : acc;
        }
        y[i] = from_code<Y>(acc);
    }
}

} // namespace sw

#endif
