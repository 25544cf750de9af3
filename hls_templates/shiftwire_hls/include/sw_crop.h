// Some rows, columns and channels of an image; the others end here. Specification: shiftwire/ops/moves.py
#ifndef SHIFTWIRE_CROP_H_
#define SHIFTWIRE_CROP_H_

#include "sw_code.h"

namespace sw {

// x: for each pixel of an image of `width` columns, `folds` beats; iterations in all. y: those of the rows, columns and
// beats from begin to before end, of each of which `lanes` codes from first_lane on.
// Iterations a frame: the beats of x; one that leaves does so in the iteration that reads it.
template <class X, class Y, class C> void crop(stream<X> &x, stream<Y> &y) {
    int fold = 0, column = 0, row = 0;
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
            made[l] = from_code<typename Y::value_type>(to_code(beat[C::first_lane + l]));
        }
        const bool in_pixel = fold >= C::fold_begin && fold < C::fold_end;
        const bool in_row = column >= C::column_begin && column < C::column_end;
        const bool in_image = row >= C::row_begin && row < C::row_end;
        if (in_pixel && in_row && in_image) y.write(made);

        const bool ends_pixel = fold == C::folds - 1;
        const bool ends_row = ends_pixel && column == C::width - 1;
        if (ends_row) row += 1;
        if (ends_pixel) column = ends_row ? 0 : column + 1;
        fold = ends_pixel ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
