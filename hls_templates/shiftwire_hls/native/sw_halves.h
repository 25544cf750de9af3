// Codes of more than 16 bits for instructions that multiply those of 16: in two parts, each met by the same weights.
// Specification: shiftwire/native/sums.py
#ifndef SHIFTWIRE_HALVES_H_
#define SHIFTWIRE_HALVES_H_

#include "sw_packed.h"

namespace sw {

// Two codes of at most 31 bits: side by side their lowest 15 bits, which have no sign, and side by side what is above.
struct halves {
    static const int count = 2;
    static const int LOW = 15;
    lanes<int32_t> low, high;

    halves() = default;
    // The same code in every image.
    SHIFTWIRE_INLINE halves(long long code) : halves(lanes<int32_t>(code), lanes<int32_t>(code)) {}
    SHIFTWIRE_INLINE halves(const lanes<int32_t> &a, const lanes<int32_t> &b) {
        const lanes<int32_t> first(0xffff);
        low = ((a & first) | (b << 16)) & lanes<int32_t>(0x7fff7fff);
        high = ((a >> LOW) & first) | ((b >> LOW) << 16);
    }

    template <class T> static SHIFTWIRE_INLINE halves of(const T code[2], unsigned long long) {
        return halves(lanes<int32_t>(code[0]), lanes<int32_t>(code[1]));
    }

    long long get(int image, int k) const {
        const int above = int16_t(uint32_t(high.get(image)) >> 16 * k);
        return uint32_t(above) << LOW | ((uint32_t(low.get(image)) >> 16 * k) & 0x7fff);
    }
};

#ifdef __AVX2__
// A sum of low halves is no wider than that of whole codes, which have more bits.
template <class L, class C, class P, int N>
SHIFTWIRE_INLINE lanes<int32_t> with_taps(const lanes<int32_t> &sum, const standing<halves> x[N],
                                          const packed_weights<2> weight[], int at) {
    lanes<int32_t> low(sum), high(0);
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
        SHIFTWIRE_REGISTERS
        for (int i = 0; i < lanes<int32_t>::VECTORS; i++) {
            typedef lanes<int32_t>::vector vector;
            const halves &code = *x[s].at;
            low.v[i] = (vector)with_products((wide_register)low.v[i], (wide_register)code.low.v[i], weight[at + s]);
            high.v[i] = (vector)with_products((wide_register)high.v[i], (wide_register)code.high.v[i], weight[at + s]);
        }
    }
    return low + (high << halves::LOW);
}
template <class L, class C, class P, int N>
SHIFTWIRE_INLINE P sum_of_taps(const standing<halves> x[N], const packed_weights<2> weight[], int at) {
    return P(with_taps<L, C, P, N>(lanes<int32_t>(0), x, weight, at));
}
#endif

} // namespace sw

#endif
