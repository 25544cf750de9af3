// A staircase for each channel: base plus one step for every threshold reached.
// Specification: shiftwire/ops/threshold.py
#ifndef SHIFTWIRE_THRESHOLD_H_
#define SHIFTWIRE_THRESHOLD_H_

#include "sw_code.h"

namespace sw {

// x and y: `beats` beats of `lanes` codes, `folds` beats to a pixel's channels.
// threshold (folds, steps, lanes), ascending; base and step (folds, lanes).
// Iterations a frame: beats, asked for II = 1 (no HLS tool has run); a beat leaves in the iteration that reads it.
template <class X, class Y, class C>
void threshold(stream<X> &x, stream<Y> &y, const typename C::threshold_t threshold[C::folds * C::steps * C::lanes],
               const typename C::base_t base[C::folds * C::lanes], const typename C::step_t step[C::folds * C::lanes]) {
    const int lanes = C::lanes;
    const int bounds = C::steps * C::lanes;
#pragma HLS ARRAY_RESHAPE variable = threshold cyclic factor = bounds
#pragma HLS ARRAY_RESHAPE variable = base cyclic factor = lanes
#pragma HLS ARRAY_RESHAPE variable = step cyclic factor = lanes
    typedef typename C::acc_t A;
    typedef typename C::wide_t V;
    int fold = 0;
Beat:
    for (int b = 0; b < C::beats; b++) {
#pragma HLS PIPELINE II = 1
        SHIFTWIRE_TICK
        const X beat = x.read();
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            const V code = V(to_code(beat[l]));
            const A rise = A(step[fold * C::lanes + l]);
            A acc = A(base[fold * C::lanes + l]);
        Step:
            for (int s = 0; s < C::steps; s++) {
#pragma HLS UNROLL
                const V bound = V(threshold[(fold * C::steps + s) * C::lanes + l]);
                acc = select(code >= bound, A(acc + rise), acc);
            }
            made[l] = from_code<typename Y::value_type>(acc);
        }
        y.write(made);
        fold = fold + 1 == C::folds ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
