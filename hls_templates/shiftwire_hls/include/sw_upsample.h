// Every pixel several times, by whole factors, those at the edges more often. Specification: shiftwire/ops/upsample.py
#ifndef SHIFTWIRE_UPSAMPLE_H_
#define SHIFTWIRE_UPSAMPLE_H_

#include "sw_code.h"

namespace sw {

// x: for each pixel of an image of `width` columns, `folds` beats of `lanes` codes. y: the same beats, each column
// factor_across times side by side, each row factor_down times one below the other, the first and last ones begin_ and
// end_ times more; iterations in all.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it, and again from `row`, which holds
// `words` beats. What is read in an iteration never comes from `row` in the same.
template <class X, class Y, class C> void upsample(stream<X> &x, stream<Y> &y) {
    typedef typename code_of<typename X::value_type>::type code_t;
    code_t row[C::words][C::lanes];
#pragma HLS ARRAY_RESHAPE variable = row dim = 2 complete
    static const bool repeats_rows = C::factor_down + C::begin_down + C::end_down > 1;
    int fold = 0, across = 0, column = 0, down = 0, line = 0, place = 0, pixel = 0;
Beat:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const bool is_fresh = across == 0 && down == 0;
        X beat;
        if (is_fresh) beat = x.read();
        Y made;
    Lane:
        SHIFTWIRE_UNROLL
        for (int l = 0; l < C::lanes; l++) {
#pragma HLS UNROLL
            code_t code = to_code(beat[l]);
            if (is_fresh) row[place][l] = code;
            else code = row[place][l];
            made[l] = from_code<typename Y::value_type>(code);
        }
        y.write(made);

        const bool ends_pixel = fold == C::folds - 1;
        const int more_across = (column == 0 ? C::begin_across : 0) + (column == C::width - 1 ? C::end_across : 0);
        const int more_down = (line == 0 ? C::begin_down : 0) + (line == C::height - 1 ? C::end_down : 0);
        const bool ends_column = ends_pixel && across == C::factor_across - 1 + more_across;
        const bool ends_row = ends_column && column == C::width - 1;
        const bool ends_line = ends_row && down == C::factor_down - 1 + more_down;
        if (ends_row) pixel = 0;
        else if (ends_column && repeats_rows) pixel += C::folds;
        place = ends_pixel ? pixel : place + 1;
        if (ends_line) line = line == C::height - 1 ? 0 : line + 1;
        if (ends_row) down = ends_line ? 0 : down + 1;
        if (ends_column) column = ends_row ? 0 : column + 1;
        if (ends_pixel) across = ends_column ? 0 : across + 1;
        fold = ends_pixel ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
