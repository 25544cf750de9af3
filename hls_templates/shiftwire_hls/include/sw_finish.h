// What stands behind a sum of taps: its output's grid, its bias. Inlined into the unit that calls it.
// Specification: shiftwire/ir/bias.py
#ifndef SHIFTWIRE_FINISH_H_
#define SHIFTWIRE_FINISH_H_

#include "sw_code.h"

namespace sw {

// One sum and its bias on the output's grid, which is grid_shift bits finer, become an output code.
template <class T, class C, class S, class B> T finished(const S &sum, const B &bias) {
#pragma HLS INLINE
    typedef typename C::acc_t A;
    const A moved = A(A(sum) << C::grid_shift);
    return from_code<T>(A(moved + A(bias)));
}

} // namespace sw

#endif
