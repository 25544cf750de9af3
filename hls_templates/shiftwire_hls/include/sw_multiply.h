// The exact product of two tensors, the second one possibly a single pixel. Specification: shiftwire/ops/add.py
#ifndef SHIFTWIRE_MULTIPLY_H_
#define SHIFTWIRE_MULTIPLY_H_

#include "sw_code.h"

namespace sw {

// a and y: `iterations` beats of `lanes` codes, `folds` for each of `pixels`. b: as many, or `folds` beats where there
// are several pixels, which are read with the first one and kept for the others.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it. What is read in an iteration never
// comes from `kept` in the same.
template <class XA, class XB, class Y, class C> void multiply(stream<XA> &a, stream<XB> &b, stream<Y> &y) {
    typedef typename C::acc_t A;
    typedef typename code_of<typename XB::value_type>::type code_t;
    code_t kept[C::folds][C::lanes];
#pragma HLS ARRAY_RESHAPE variable = kept dim = 2 complete
    int fold = 0, pixel = 0;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const bool is_fresh = pixel == 0;
        const XA beat_a = a.read();
        XB beat_b;
        if (is_fresh) beat_b = b.read();
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            code_t factor = to_code(beat_b[l]);
            if (is_fresh) kept[fold][l] = factor;
            else factor = kept[fold][l];
            made[l] = from_code<typename Y::value_type>(A(A(to_code(beat_a[l])) * A(factor)));
        }
        y.write(made);
        const bool ends_pixel = fold == C::folds - 1;
        if (ends_pixel) pixel = pixel == C::pixels - 1 ? 0 : pixel + 1;
        fold = ends_pixel ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
