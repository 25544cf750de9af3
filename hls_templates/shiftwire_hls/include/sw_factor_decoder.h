// Weights that are three coefficients, signed powers of two, times a column of a basis. A part of a word in, three codes
// for each of its (pe, taps) weights, and three numbers of the basis for each of pe; the weights out. Inlined into an
// iteration of the unit that calls it. Specification: shiftwire/numbers/factored.py
#ifndef SHIFTWIRE_FACTOR_DECODER_H_
#define SHIFTWIRE_FACTOR_DECODER_H_

#include "sw_taps.h"

namespace sw {

struct factor_decoder {
    // (sum of sign * number << exponent + rounding) >> dropped. A code is a sign above an exponent; one that no shift has
    // means that the coefficient is 0.
    template <class C, class Code, class Context, class W>
    static void decode(const Code stored[], const Context context[], W made[]) {
#pragma HLS INLINE
        typedef typename C::wide_t D;
    Output:
        SHIFTWIRE_UNROLL
        for (int p = 0; p < C::pe; p++) {
#pragma HLS UNROLL
        Tap:
            SHIFTWIRE_UNROLL
            for (int t = 0; t < C::part_taps; t++) {
#pragma HLS UNROLL
                const int at = p * C::part_taps + t;
                made[at] = W(product<C, D>(stored, at * C::coefficients, context, p * C::coefficients) >> C::dropped);
            }
        }
    }

    template <class C, class D, class Code, class Number>
    static D product(const Code stored[], int first, const Number basis[], int row) {
#pragma HLS INLINE
        D total = D(C::rounding);
    Coefficient:
        SHIFTWIRE_UNROLL
        for (int j = 0; j < C::coefficients; j++) {
#pragma HLS UNROLL
            const int code = to_index(stored[first + j]), exponent = code & ((1 << C::field_bits) - 1);
            D term = D(0);
        Exponent:
            SHIFTWIRE_UNROLL
            for (int e = 0; e < C::shifts; e++) {
#pragma HLS UNROLL
                if (exponent == e) term = D(D(basis[row + j]) << e);
            }
            total = added(total, term, code >> C::field_bits != 0);
        }
        return total;
    }
};

} // namespace sw

#endif
