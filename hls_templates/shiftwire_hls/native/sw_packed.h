// Several codes of an image side by side in one element of a vector, for instructions that work on all of them.
//
// A mover of codes (a window, a width converter) moves them so packed, and a unit that sums takes them as one input with
// as many weights. What writes codes one by one writes into a beat of `packing`, which packs them on their way into the
// FIFO. Codes of bytes count from their lowest one, so that they have no sign; the bias has what that owes.
// Specification: shiftwire/hls/packing.py
#ifndef SHIFTWIRE_PACKED_H_
#define SHIFTWIRE_PACKED_H_

#include "sw_beat.h"
#include "sw_coroutine.h"
#include "sw_lanes.h"

namespace sw {

// COUNT codes of 32 / COUNT bits in each element, the first in the low bits.
template <int COUNT> struct packed {
    static const int count = COUNT;
    lanes<int32_t> v;

    packed() = default;
    // The same codes in every image.
    SHIFTWIRE_INLINE packed(long long codes) : v(codes) {}

    static SHIFTWIRE_INLINE packed of(const lanes<int32_t> code[COUNT]) {
        const int bits = 32 / COUNT;
        packed made;
        made.v = code[COUNT - 1];
        SHIFTWIRE_UNROLL
        for (int k = COUNT - 2; k >= 0; k--) {
            made.v = (made.v << bits) | (code[k] & lanes<int32_t>((1LL << bits) - 1));
        }
        return made;
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
        for (int i = 0; i < VECTORS; i++) v[i] = vector{} + codes;
    }

    static SHIFTWIRE_INLINE octets of(const lanes<int32_t> code[8]) {
        return dealt(packed<4>::of(code).v, packed<4>::of(code + 4).v);
    }

    long long get(int image, int k) const {
        lanes<int32_t> low, high;
        halves(low, high);
        return (uint32_t((k < 4 ? low : high).get(image)) >> (k % 4 * 8)) & 255;
    }

    static SHIFTWIRE_INLINE octets dealt(const lanes<int32_t> &low, const lanes<int32_t> &high);
    SHIFTWIRE_INLINE void halves(lanes<int32_t> &low, lanes<int32_t> &high) const;
};

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
    for (int i = 0; i < 2; i++) {
        made.v[2 * i] = (vector)_mm256_unpacklo_epi32((__m256i)low.v[i], (__m256i)high.v[i]);
        made.v[2 * i + 1] = (vector)_mm256_unpackhi_epi32((__m256i)low.v[i], (__m256i)high.v[i]);
    }
    return made;
}
SHIFTWIRE_INLINE void octets::halves(lanes<int32_t> &low, lanes<int32_t> &high) const {
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

// The sum of N times COUNT products; the shift and the integer lane are whole without more.
template <class L, class C, class P, int N, int COUNT>
SHIFTWIRE_INLINE P sum_of_taps(const packed<COUNT> x[N], const packed_weights<COUNT> weight[], int at) {
    lanes<int32_t> total(0);
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
        for (int i = 0; i < lanes<int32_t>::VECTORS; i++) {
            total.v[i] = (lanes<int32_t>::vector)with_products((wide_register)total.v[i], (wide_register)x[s].v.v[i],
                                                               weight[at + s]);
        }
    }
    return P(total);
}

// Sums of distances, an image's in each element of 64 bits, in the order of octets.
struct distances {
    typedef int64_t element;
    octets sums;
    distances() = default;
    SHIFTWIRE_INLINE explicit distances(int) : sums(0) {}

    friend SHIFTWIRE_INLINE distances operator+(const distances &a, const distances &b) {
        distances made;
        for (int i = 0; i < octets::VECTORS; i++) made.sums.v[i] = a.sums.v[i] + b.sums.v[i];
        return made;
    }
};

template <class L, class C, class P, int N>
SHIFTWIRE_INLINE P sum_of_taps(const octets x[N], const octet_weights weight[], int at) {
    P total(0);
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) {
        const octets w(weight[at + s].all);
        for (int i = 0; i < octets::VECTORS; i++) {
            total.sums.v[i] += (octets::vector)distance_bytes((wide_register)x[s].v[i], (wide_register)w.v[i]);
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

template <int N, class X, class Packed> struct packed_taps {
    static SHIFTWIRE_INLINE void see(const X &beat, Packed held[N], const Packed *&now) {
        SHIFTWIRE_UNROLL
        for (int s = 0; s < N; s++) held[s] = beat[s];
        now = held;
    }
};
template <int COUNT, int N> struct seen<packed<COUNT>, N> { typedef const packed<COUNT> *type; };
template <int N> struct seen<octets, N> { typedef const octets *type; };
template <int N, class X, int COUNT>
SHIFTWIRE_INLINE void see_new(const X &beat, packed<COUNT> held[N], const packed<COUNT> *&now) {
    packed_taps<N, X, packed<COUNT> >::see(beat, held, now);
}
template <int N, class X> SHIFTWIRE_INLINE void see_new(const X &beat, octets held[N], const octets *&now) {
    packed_taps<N, X, octets>::see(beat, held, now);
}
template <int N, int COUNT> SHIFTWIRE_INLINE void see_again(const packed<COUNT> held[N], const packed<COUNT> *&now) {
    now = held;
}
template <int N> SHIFTWIRE_INLINE void see_again(const octets held[N], const octets *&now) { now = held; }
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

    SHIFTWIRE_INLINE packed_beat made() const {
        packed_beat whole;
        SHIFTWIRE_UNROLL
        for (unsigned p = 0; p < packed_beat::size; p++) {
            lanes<int32_t> code[Packed::count];
            for (int k = 0; k < Packed::count; k++) {
                const bool is_code = p * Packed::count + k < N;
                code[k] = is_code ? lanes<int32_t>(data[is_code ? p * Packed::count + k : 0]) : lanes<int32_t>(0);
                if (is_code && LOWEST) code[k] = code[k] - lanes<int32_t>(LOWEST);
            }
            whole[p] = Packed::of(code);
        }
        return whole;
    }
};

template <class T, unsigned N, class Packed, int LOWEST>
class fifo<packing<T, N, Packed, LOWEST> > : public fifo<beat<Packed, elements<Packed, N>::value> > {
    typedef fifo<beat<Packed, elements<Packed, N>::value> > base;

  public:
    using base::base;
    SHIFTWIRE_INLINE void write(const packing<T, N, Packed, LOWEST> &codes) { base::write(codes.made()); }
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
