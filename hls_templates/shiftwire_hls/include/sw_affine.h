// A scale of k powers of two and a bias for each channel. Specification: shiftwire/ops/affine.py
#ifndef SHIFTWIRE_AFFINE_H_
#define SHIFTWIRE_AFFINE_H_

#include "sw_code.h"

namespace sw {

// x and y: `beats` beats of `lanes` codes, `folds` beats to a pixel's channels.
// weight (folds, terms, lanes), bias (folds, lanes) on the output's grid.
// Iterations a frame: beats, asked for II = 1 (no HLS tool has run); a beat leaves in the iteration that reads it.
template <class X, class Y, class C>
void affine(stream<X> &x, stream<Y> &y, const typename C::weight_t weight[C::folds * C::terms * C::lanes],
            const typename C::bias_t bias[C::folds * C::lanes]) {
    const int lanes = C::lanes;
    const int weights = C::terms * C::lanes;
#pragma HLS ARRAY_RESHAPE variable = weight cyclic factor = weights
#pragma HLS ARRAY_RESHAPE variable = bias cyclic factor = lanes
    typedef typename C::acc_t A;
    typedef typename C::sum_t S;
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
            S sum = S(0);
        Term:
            SHIFTWIRE_UNROLL
            for (int t = 0; t < C::terms; t++) {
#pragma HLS UNROLL
                sum = C::lane::template add<C>(sum, to_code(beat[l]), weight[(fold * C::terms + t) * C::lanes + l]);
            }
            const A moved = A(A(sum) << C::grid_shift);
            made[l] = from_code<typename Y::value_type>(A(moved + A(bias[fold * C::lanes + l])));
        }
        y.write(made);
        fold = fold + 1 == C::folds ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
