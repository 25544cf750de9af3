// Windows side by side whose taps come in turn. Inlined into an iteration of the unit that calls it.
// Specification: shiftwire/units/window.py
#ifndef SHIFTWIRE_TURNS_H_
#define SHIFTWIRE_TURNS_H_

#include "sw_code.h"

namespace sw {

// Where the taps of a window stand, on to the same tap of the next of windows `together`, or back to the first one's.
template <class C, class Taps> void take_turn(Taps &out, bool ends_turns) {
#pragma HLS INLINE
    static_assert(C::together == 1 || C::banks * C::tap_rows == 1, "windows side by side come tap by tap");
    const int windows = ends_turns ? 1 - C::together : 1, columns = windows * C::stride_width;
    out.left += columns;
    out.left_place += columns * C::chunks;
    out.place += columns * C::chunks;
    out.turn = ends_turns ? 0 : out.turn + 1;
}

} // namespace sw

#endif
