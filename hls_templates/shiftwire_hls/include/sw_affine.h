// A scale of k powers of two and a bias for each channel. Specification: shiftwire/ops/affine.py
#ifndef SHIFTWIRE_AFFINE_H_
#define SHIFTWIRE_AFFINE_H_

#include "sw_finish.h"

namespace sw {

// The output code of a lane's code in beat `fold` of a pixel.
template <class T, class C, class X>
SHIFTWIRE_WITHIN T scaled(const X &x, const typename C::weight_t weight[C::folds][C::terms * C::lanes],
                          const typename C::bias_t bias[C::folds][C::lanes], int fold, int l) {
#pragma HLS INLINE
    typedef typename C::sum_t S;
    S sum = S(0);
Term:
    SHIFTWIRE_UNROLL
    for (int t = 0; t < C::terms; t++) {
#pragma HLS UNROLL
        sum = C::lane::template add<C>(sum, to_code(x), weight[fold][t * C::lanes + l]);
    }
    return finished<T, C>(sum, bias[fold][l]);
}

// x and y: `iterations` beats of `lanes` codes, `folds` beats to a pixel's channels.
// weight (folds, (terms, lanes)), bias (folds, lanes) on the output's grid.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class X, class Y, class C>
void affine(stream<X> &x, stream<Y> &y, const typename C::weight_t weight[C::folds][C::terms * C::lanes],
            const typename C::bias_t bias[C::folds][C::lanes]) {
#pragma HLS ARRAY_RESHAPE variable = weight dim = 2 complete
#pragma HLS ARRAY_RESHAPE variable = bias dim = 2 complete
    int fold = 0;
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
            made[l] = scaled<typename Y::value_type, C>(beat[l], weight, bias, fold, l);
        }
        y.write(made);
        fold = fold == C::folds - 1 ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
