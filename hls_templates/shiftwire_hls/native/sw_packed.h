// Several codes of an image side by side in one element of a vector, for instructions that work on all of them.
//
// A mover of codes (a window, a width converter) moves them so packed, and a unit that sums takes them as one input with
// as many weights. What writes codes one by one writes into a beat of `packing`, which packs them on their way into the
// FIFO. Codes of bytes count from their lowest one, so that they have no sign; the bias has what that owes.
// Specification: shiftwire/native/packing.py
#ifndef SHIFTWIRE_PACKED_H_
#define SHIFTWIRE_PACKED_H_

#include "sw_beat.h"
#include "sw_coroutine.h"
#include "sw_lanes.h"

namespace sw {

template <int COUNT, class T> struct packing_of;

// COUNT codes of 32 / COUNT bits in each element, the first in the low bits.
template <int COUNT> struct packed {
    static const int count = COUNT;
    lanes<int32_t> v;

    packed() = default;
    // The same codes in every image.
    SHIFTWIRE_INLINE packed(long long codes) : v(codes) {}

    // With what each code has more, which keeps bytes from being negative.
    template <class T> static SHIFTWIRE_INLINE packed of(const T code[COUNT], unsigned long long more) {
        return packing_of<COUNT, T>::made(code, more);
    }

    long long get(int image, int k) const {
        const int bits = 32 / COUNT;
        return (uint32_t(v.get(image)) >> (k * bits)) & ((1LL << bits) - 1);
    }
};

// Eight bytes in each element of 64 bits. Images stand in the order that dealing out two vectors of four bytes leaves:
// halves() gives it back.
struct octets {
    static const int count = 8;
    static const int VECTORS = lanes<int64_t>::VECTORS;
    typedef lanes<int64_t>::vector vector;
    vector v[VECTORS];

    octets() = default;
    SHIFTWIRE_INLINE octets(long long codes) {
        SHIFTWIRE_REGISTERS
        for (int i = 0; i < VECTORS; i++) v[i] = vector{} + codes;
    }

    template <class T> static SHIFTWIRE_INLINE octets of(const T code[8], unsigned long long more) {
        return dealt(packed<4>::of(code, uint32_t(more)).v, packed<4>::of(code + 4, uint32_t(more >> 32)).v);
    }

    long long get(int image, int k) const {
        lanes<int32_t> low, high;
        halves(low, high);
        return (uint32_t((k < 4 ? low : high).get(image)) >> (k % 4 * 8)) & 255;
    }

    static SHIFTWIRE_INLINE octets dealt(const lanes<int32_t> &low, const lanes<int32_t> &high);
    SHIFTWIRE_INLINE void halves(lanes<int32_t> &low, lanes<int32_t> &high) const;
};

template <class E> struct packing_of<2, lanes<E> > {
    static SHIFTWIRE_INLINE packed<2> made(const lanes<E> code[2], unsigned long long) {
        packed<2> made;
        made.v = (lanes<int32_t>(code[1]) << 16) | (lanes<int32_t>(code[0]) & lanes<int32_t>(0xffff));
        return made;
    }
};
// Codes that are negative borrow from those above, until what they have more is added.
template <class E> struct packing_of<4, lanes<E> > {
    static SHIFTWIRE_INLINE packed<4> made(const lanes<E> code[4], unsigned long long more) {
        packed<4> made;
        made.v = lanes<int32_t>(int32_t(more));
        SHIFTWIRE_UNROLL
        for (int k = 0; k < 4; k++) made.v = made.v + (lanes<int32_t>(code[k]) << 8 * k);
        return made;
    }
};
#ifdef __AVX2__
SHIFTWIRE_INLINE lanes<int32_t> side_by_side(__m128i a, __m128i b, __m128i c, __m128i d) {
#ifdef __AVX512BW__
    const __m512i columns = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1)),
                                               _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1), 1);
    const __m512i fours = _mm512_permutexvar_epi32(
        _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), columns);
    const __m512i rows = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    return {(lanes<int32_t>::vector)_mm512_shuffle_epi8(fours, rows)};
#else
    const __m128i ab0 = _mm_unpacklo_epi8(a, b), ab8 = _mm_unpackhi_epi8(a, b);
    const __m128i cd0 = _mm_unpacklo_epi8(c, d), cd8 = _mm_unpackhi_epi8(c, d);
    typedef lanes<int32_t>::vector vector;
    return {(vector)_mm256_set_m128i(_mm_unpackhi_epi16(ab0, cd0), _mm_unpacklo_epi16(ab0, cd0)),
            (vector)_mm256_set_m128i(_mm_unpackhi_epi16(ab8, cd8), _mm_unpacklo_epi16(ab8, cd8))};
#endif
}
// Of bytes the highest bit is what each may have more.
template <class B> struct packing_of_bytes {
    static SHIFTWIRE_INLINE packed<4> made(const lanes<B> code[4], unsigned long long more) {
        packed<4> made;
        made.v = side_by_side((__m128i)code[0].v[0], (__m128i)code[1].v[0], (__m128i)code[2].v[0], (__m128i)code[3].v[0]) ^
                 lanes<int32_t>(int32_t(more));
        return made;
    }
};
template <> struct packing_of<4, lanes<int8_t> > : packing_of_bytes<int8_t> {};
template <> struct packing_of<4, lanes<uint8_t> > : packing_of_bytes<uint8_t> {};
#endif

// Weights of the codes of a `packed` or of `octets`, in the same order.
template <int COUNT> struct packed_weights {
    int32_t both;
    packed_weights() = default;
    packed_weights(long long codes) : both(int32_t(codes)) {}
};
struct octet_weights {
    int64_t all;
    octet_weights() = default;
    octet_weights(long long codes) : all(codes) {}
};

#ifdef __AVX512BW__
typedef __m512i wide_register;
SHIFTWIRE_INLINE octets octets::dealt(const lanes<int32_t> &low, const lanes<int32_t> &high) {
    octets made;
    made.v[0] = (vector)_mm512_unpacklo_epi32((__m512i)low.v[0], (__m512i)high.v[0]);
    made.v[1] = (vector)_mm512_unpackhi_epi32((__m512i)low.v[0], (__m512i)high.v[0]);
    return made;
}
SHIFTWIRE_INLINE void octets::halves(lanes<int32_t> &low, lanes<int32_t> &high) const {
    const __m512 a = (__m512)v[0], b = (__m512)v[1];
    low.v[0] = (lanes<int32_t>::vector)_mm512_shuffle_ps(a, b, 0x88);
    high.v[0] = (lanes<int32_t>::vector)_mm512_shuffle_ps(a, b, 0xdd);
}
SHIFTWIRE_INLINE __m512i distance_bytes(__m512i a, __m512i b) { return _mm512_sad_epu8(a, b); }
#elif defined(__AVX2__)
typedef __m256i wide_register;
SHIFTWIRE_INLINE octets octets::dealt(const lanes<int32_t> &low, const lanes<int32_t> &high) {
    octets made;
    SHIFTWIRE_REGISTERS
    for (int i = 0; i < 2; i++) {
        made.v[2 * i] = (vector)_mm256_unpacklo_epi32((__m256i)low.v[i], (__m256i)high.v[i]);
        made.v[2 * i + 1] = (vector)_mm256_unpackhi_epi32((__m256i)low.v[i], (__m256i)high.v[i]);
    }
    return made;
}
SHIFTWIRE_INLINE void octets::halves(lanes<int32_t> &low, lanes<int32_t> &high) const {
    SHIFTWIRE_REGISTERS
    for (int i = 0; i < 2; i++) {
        const __m256 a = (__m256)v[2 * i], b = (__m256)v[2 * i + 1];
        low.v[i] = (lanes<int32_t>::vector)_mm256_shuffle_ps(a, b, 0x88);
        high.v[i] = (lanes<int32_t>::vector)_mm256_shuffle_ps(a, b, 0xdd);
    }
}
SHIFTWIRE_INLINE __m256i distance_bytes(__m256i a, __m256i b) { return _mm256_sad_epu8(a, b); }
#endif

#ifdef __AVX2__
#ifdef __AVX512BW__
SHIFTWIRE_INLINE __m512i with_products(__m512i sum, __m512i x, const packed_weights<2> &weight) {
    const __m512i w = _mm512_set1_epi32(weight.both);
#ifdef __AVX512VNNI__
    return _mm512_dpwssd_epi32(sum, x, w);
#else
    return _mm512_add_epi32(sum, _mm512_madd_epi16(x, w));
#endif
}
#else
SHIFTWIRE_INLINE __m256i with_products(__m256i sum, __m256i x, const packed_weights<2> &weight) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, _mm256_set1_epi32(weight.both)));
}
#endif
#ifdef __AVX512VNNI__
SHIFTWIRE_INLINE __m512i with_products(__m512i sum, __m512i x, const packed_weights<4> &weight) {
    return _mm512_dpbusd_epi32(sum, x, _mm512_set1_epi32(weight.both));
}
#elif defined(__AVXVNNI__)
SHIFTWIRE_INLINE __m256i with_products(__m256i sum, __m256i x, const packed_weights<4> &weight) {
    return _mm256_dpbusd_avx_epi32(sum, x, _mm256_set1_epi32(weight.both));
}
#endif

// Where a packed element stands.
template <class Packed> struct standing { const Packed *at; };

// A sum and N times COUNT products more; the shift and the integer lane are whole without more.
template <class L, class C, class P, int N, int COUNT>
SHIFTWIRE_INLINE lanes<int32_t> with_taps(const lanes<int32_t> &sum, const standing<packed<COUNT> > x[N],
                                          const packed_weights<COUNT> weight[], int at) {
    lanes<int32_t> total(sum);
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
        SHIFTWIRE_REGISTERS
        for (int i = 0; i < lanes<int32_t>::VECTORS; i++) {
            total.v[i] = (lanes<int32_t>::vector)with_products((wide_register)total.v[i], (wide_register)x[s].at->v.v[i],
                                                               weight[at + s]);
        }
    }
    return total;
}
template <class L, class C, class P, int N, int COUNT>
SHIFTWIRE_INLINE P sum_of_taps(const standing<packed<COUNT> > x[N], const packed_weights<COUNT> weight[], int at) {
    return P(with_taps<L, C, P, N>(lanes<int32_t>(0), x, weight, at));
}

// Sums of distances, an image's in each element of 64 bits, in the order of octets.
struct distances {
    typedef int64_t element;
    octets sums;
    distances() = default;
    SHIFTWIRE_INLINE explicit distances(int) : sums(0) {}

    friend SHIFTWIRE_INLINE distances operator+(const distances &a, const distances &b) {
        distances made;
        SHIFTWIRE_REGISTERS
        for (int i = 0; i < octets::VECTORS; i++) made.sums.v[i] = a.sums.v[i] + b.sums.v[i];
        return made;
    }
};

template <class L, class C, class P, int N>
SHIFTWIRE_INLINE distances with_taps(const distances &sum, const standing<octets> x[N], const octet_weights weight[],
                                     int at) {
    distances total(sum);
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
        const octets w(weight[at + s].all);
        SHIFTWIRE_REGISTERS
        for (int i = 0; i < octets::VECTORS; i++) {
            total.sums.v[i] += (octets::vector)distance_bytes((wide_register)x[s].at->v[i], (wide_register)w.v[i]);
        }
    }
    return total;
}

// Stands in for adder_lane: sums of bytes' distances, which the output is the negative of.
struct octet_lane {
    static const bool is_product = false;
    template <int N, class S, class X> static SHIFTWIRE_INLINE S with_inputs(const S &inputs, const X *) { return inputs; }
    static SHIFTWIRE_INLINE lanes<int32_t> whole(const distances &sum, const distances &) {
        lanes<int32_t> low, high;
        sum.sums.halves(low, high); // a sum of distances has less than 32 bits
        return -low;
    }
};

#endif

// Elements for N codes; the last one may have places that no weight takes.
template <class Packed, unsigned N> struct elements { static const unsigned value = (N + Packed::count - 1) / Packed::count; };

// A beat of N codes that is packed where it enters a FIFO, each less LOWEST.
template <class T, unsigned N, class Packed, int LOWEST> struct packing {
    typedef T value_type;
    static const unsigned size = N;
    typedef beat<Packed, elements<Packed, N>::value> packed_beat;
    T data[N];

    SHIFTWIRE_INLINE T &operator[](int at) { return data[at]; }
    SHIFTWIRE_INLINE const T &operator[](int at) const { return data[at]; }

    SHIFTWIRE_INLINE void into(packed_beat &whole) const {
        SHIFTWIRE_UNROLL
        for (unsigned p = 0; p < packed_beat::size; p++) {
            T code[Packed::count];
            unsigned long long more = 0;
            SHIFTWIRE_UNROLL
            for (int k = 0; k < Packed::count; k++) {
                const bool is_code = p * Packed::count + k < N;
                code[k] = is_code ? data[is_code ? p * Packed::count + k : 0] : T(0);
                if (is_code) more |= (unsigned long long)(-LOWEST) << 8 * k;
            }
            whole[p] = Packed::of(code, more);
        }
    }
};

template <class T, unsigned N, class Packed, int LOWEST>
SHIFTWIRE_INLINE void put(beat<Packed, elements<Packed, N>::value> &place, const packing<T, N, Packed, LOWEST> &codes) {
    codes.into(place);
}

template <class T, unsigned N, class Packed, int LOWEST>
class fifo<packing<T, N, Packed, LOWEST> > : public fifo<beat<Packed, elements<Packed, N>::value> > {
    typedef fifo<beat<Packed, elements<Packed, N>::value> > base;

  public:
    using base::base;
};

// A log of packed beats, of so many codes each, becomes (images, codes of a frame) a batch.
template <class Packed, int BITS, bool IS_SIGNED, int LOWEST, int LANES>
void write_packed_log(FILE *file, const std::vector<char> &log, int frame_codes) {
    const int size = elements<Packed, LANES>::value, frame_size = frame_codes / LANES * size;
    std::vector<long long> codes(size_t(frame_codes) * IMAGES);
    for (size_t start = 0; start < log.size() / sizeof(Packed); start += frame_size) {
        for (int at = 0; at < frame_codes; at++) {
            const int lane = at % LANES;
            const size_t place = start + at / LANES * size + lane / Packed::count;
            Packed element; // the log lies at any address
            __builtin_memcpy(&element, log.data() + place * sizeof(Packed), sizeof(Packed));
            for (int image = 0; image < IMAGES; image++) {
                const long long code = element.get(image, lane % Packed::count);
                const long long sign = IS_SIGNED && LOWEST == 0 ? code >> (BITS - 1) << BITS : 0;
                codes[size_t(image) * frame_codes + at] = code - sign + LOWEST;
            }
        }
        fwrite(codes.data(), sizeof(long long), codes.size(), file);
    }
}

} // namespace sw

#endif
