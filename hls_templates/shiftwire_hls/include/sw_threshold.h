// A staircase for each channel: base plus one step for every threshold reached, counted by a search.
// Specification: shiftwire/ops/threshold.py
#ifndef SHIFTWIRE_THRESHOLD_H_
#define SHIFTWIRE_THRESHOLD_H_

#include "sw_code.h"

namespace sw {

// Whether a code reaches the bound at a place of a lane's own table.
template <class V, class Bound> bool reached(const V &code, const Bound &bound, int lane, int place) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = bound dim = 1 complete
    return code >= V(bound[lane][place]);
}

// The output code of one code. The search stands at `place` of each stage's table: a place p goes on to 2 p, or to
// 2 p + 1 where the threshold is reached; where it ends is fold * counts + count. Elements of a list are evaluated in
// their order.
template <class T, class C, class V, class Output, class... Bounds>
T staircase(const V &code, int fold, int lane, const Output *output, const Bounds &...bound) {
#pragma HLS INLINE
    int place = fold;
    const int places[] = {(place = 2 * place + (reached(code, bound, lane, place) ? 1 : 0))...};
    const int end = places[sizeof...(bound) - 1];
    return C::has_outputs ? from_code<T>(output[end]) : from_code<T>(typename C::acc_t(C::base + end % C::counts));
}

// x and y: `iterations` beats of `lanes` codes, `folds` beats to a pixel's channels.
// output (lanes, output_words): codes by fold and count, (folds, counts), where C::has_outputs; else one word that
// nobody reads, and a code is base plus its count. A power of two, counts, is more than there are thresholds.
// bound, a table for each stage of the search: (lanes, folds * 2**stage). Each lane has memories of its own.
// Iterations a frame: those beats; a beat leaves in the iteration that reads it.
template <class X, class Y, class C, class... Bounds>
void threshold(stream<X> &x, stream<Y> &y, const typename C::output_t output[C::lanes][C::output_words],
               const Bounds &...bound) {
#pragma HLS ARRAY_PARTITION variable = output dim = 1 complete
    typedef typename C::wide_t V;
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
            made[l] = staircase<typename Y::value_type, C>(V(to_code(beat[l])), fold, l, output[l], bound...);
        }
        y.write(made);
        fold = fold == C::folds - 1 ? 0 : fold + 1;
    }
}

} // namespace sw

#endif
