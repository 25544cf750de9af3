// The banks of a line buffer, memories that are read side by side. Inlined into an iteration of the unit that calls it; a
// stand-in for the code types may overload it. Specification: shiftwire/units/window.py
#ifndef SHIFTWIRE_BANKS_H_
#define SHIFTWIRE_BANKS_H_

#include "sw_code.h"

namespace sw {

// One code of a line buffer (rows, banks, bank_words, tap_channels), whose banks are memories: each gives the word at
// its place, and one of them is kept. A processor asks for that one alone; both are tested.
template <class C, class Code, class Row>
Code banked(const Code &outside, bool is_inside, const Row *line, int row, int bank, const int at[C::banks],
            int channel) {
#pragma HLS INLINE
#ifdef SHIFTWIRE_HARDWARE
    Code code[C::rows][C::banks];
#pragma HLS ARRAY_PARTITION variable = code dim = 0 complete
Row:
    for (int r = 0; r < C::rows; r++) {
#pragma HLS UNROLL
    Bank:
        for (int b = 0; b < C::banks; b++) {
#pragma HLS UNROLL
            code[r][b] = line[r][b][at[b]][channel];
        }
    }
    return is_inside ? code[row][bank] : outside;
#else
    return is_inside ? line[row][bank][at[bank]][channel] : outside;
#endif
}

// A word of a line buffer, or one of padding, goes into a beat from lane `first` on.
template <class C, class Code, class Y, class Row>
void take_word(Y &beat, int first, bool is_inside, const Row *line, int row, int bank, const int at[C::banks]) {
#pragma HLS INLINE
TapChannel:
    SHIFTWIRE_UNROLL
    for (int c = 0; c < C::tap_channels; c++) {
#pragma HLS UNROLL
        const Code code = banked<C>(Code(C::fill), is_inside, line, row, bank, at, c);
        beat[first + c] = from_code<typename Y::value_type>(code);
    }
}

} // namespace sw

#endif
