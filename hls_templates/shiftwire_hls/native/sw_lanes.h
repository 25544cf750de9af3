// The same code of IMAGES images in one variable, so that one instruction works on all of them: element i is image i's.
//
// Codes are held in 8 bits between units, and in 16, 32 or 64 bits at work. Vectors keep to the registers of AVX2, or of AVX-512 where there is that; wider ones
// are split through memory. Sums may wrap on their way to a result that fits, so arithmetic is unsigned. Needs GCC 12 for
// __builtin_shufflevector.
#ifndef SHIFTWIRE_LANES_H_
#define SHIFTWIRE_LANES_H_

#include <cstdint>
#include <type_traits>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#define SHIFTWIRE_INLINE inline __attribute__((always_inline))
// In front of a loop over the registers that hold one variable, which none of them may leave.
#define SHIFTWIRE_REGISTERS _Pragma("GCC unroll 8")

namespace sw {

static const int IMAGES = 16;
#ifdef __AVX512BW__
static const int VECTOR_BYTES = 64;
#else
static const int VECTOR_BYTES = 32;
#endif

template <class E> struct lanes;
template <class F, class E> struct converted;

template <class E> struct lanes {
    typedef E element;
    static const int BYTES = IMAGES * sizeof(E) < VECTOR_BYTES ? IMAGES * sizeof(E) : VECTOR_BYTES;
    typedef E vector __attribute__((vector_size(BYTES)));
    typedef typename std::make_unsigned<E>::type bits __attribute__((vector_size(BYTES)));
    static const int PER_VECTOR = BYTES / sizeof(E);
    static const int VECTORS = IMAGES / PER_VECTOR;
    vector v[VECTORS];

    lanes() = default;
    template <class... Rest> SHIFTWIRE_INLINE lanes(const vector &first, const Rest &...rest) : v{first, rest...} {}
    SHIFTWIRE_INLINE lanes(long long scalar) {
        SHIFTWIRE_REGISTERS
        for (int i = 0; i < VECTORS; i++) v[i] = vector{} + E(scalar);
    }
    template <class F> SHIFTWIRE_INLINE lanes(const lanes<F> &other) : lanes(converted<F, E>::of(other)) {}

    SHIFTWIRE_INLINE E get(int image) const { return v[image / PER_VECTOR][image % PER_VECTOR]; }
    SHIFTWIRE_INLINE void set(int image, E code) { v[image / PER_VECTOR][image % PER_VECTOR] = code; }
};

template <class E> struct converted<E, E> {
    static SHIFTWIRE_INLINE lanes<E> of(const lanes<E> &from) { return from; }
};

// A compiler takes some conversions apart, so where the processor has an instruction it is named.
#ifdef __AVX512BW__
template <> struct converted<int16_t, int32_t> {
    static SHIFTWIRE_INLINE lanes<int32_t> of(const lanes<int16_t> &from) {
        return {(lanes<int32_t>::vector)_mm512_cvtepi16_epi32((__m256i)from.v[0])};
    }
};

template <> struct converted<int32_t, int16_t> {
    static SHIFTWIRE_INLINE lanes<int16_t> of(const lanes<int32_t> &from) {
        return {(lanes<int16_t>::vector)_mm512_cvtepi32_epi16((__m512i)from.v[0])};
    }
};

template <> struct converted<int32_t, int64_t> {
    static SHIFTWIRE_INLINE lanes<int64_t> of(const lanes<int32_t> &from) {
        typedef lanes<int64_t>::vector wide;
        const __m512i v = (__m512i)from.v[0];
        return {(wide)_mm512_cvtepi32_epi64(_mm512_castsi512_si256(v)),
                (wide)_mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(v, 1))};
    }
};

template <> struct converted<int64_t, int32_t> {
    static SHIFTWIRE_INLINE lanes<int32_t> of(const lanes<int64_t> &from) {
        const __m256i low = _mm512_cvtepi64_epi32((__m512i)from.v[0]), high = _mm512_cvtepi64_epi32((__m512i)from.v[1]);
        return {(lanes<int32_t>::vector)_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1)};
    }
};

template <class Byte> SHIFTWIRE_INLINE lanes<Byte> int_to_bytes(const lanes<int32_t> &from) {
    return {(typename lanes<Byte>::vector)_mm512_cvtepi32_epi8((__m512i)from.v[0])};
}
template <class Byte> SHIFTWIRE_INLINE lanes<int32_t> bytes_to_int(const lanes<Byte> &from) {
    const __m128i v = (__m128i)from.v[0];
    return {(lanes<int32_t>::vector)(std::is_signed<Byte>::value ? _mm512_cvtepi8_epi32(v) : _mm512_cvtepu8_epi32(v))};
}
#else
template <> struct converted<int16_t, int32_t> {
    static SHIFTWIRE_INLINE lanes<int32_t> of(const lanes<int16_t> &from) {
        typedef lanes<int32_t>::vector wide;
        const lanes<int16_t>::vector v = from.v[0];
        lanes<int32_t> to;
        to.v[0] = __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), wide);
        to.v[1] = __builtin_convertvector(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15), wide);
        return to;
    }
};

template <> struct converted<int32_t, int64_t> {
    static SHIFTWIRE_INLINE lanes<int64_t> of(const lanes<int32_t> &from) {
        typedef lanes<int64_t>::vector wide;
        lanes<int64_t> to;
        SHIFTWIRE_REGISTERS
        for (int i = 0; i < 2; i++) {
            const lanes<int32_t>::vector v = from.v[i];
            to.v[2 * i] = __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3), wide);
            to.v[2 * i + 1] = __builtin_convertvector(__builtin_shufflevector(v, v, 4, 5, 6, 7), wide);
        }
        return to;
    }
};

template <> struct converted<int32_t, int16_t> {
    static SHIFTWIRE_INLINE lanes<int16_t> of(const lanes<int32_t> &from) {
#ifdef __AVX2__
        const __m256i low = _mm256_blend_epi16(_mm256_setzero_si256(), (__m256i)from.v[0], 0x55);
        const __m256i high = _mm256_blend_epi16(_mm256_setzero_si256(), (__m256i)from.v[1], 0x55);
        return {(lanes<int16_t>::vector)_mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xd8)};
#else
        typedef int16_t half __attribute__((vector_size(VECTOR_BYTES / 2)));
        const half low = __builtin_convertvector(from.v[0], half), high = __builtin_convertvector(from.v[1], half);
        lanes<int16_t> to;
        to.v[0] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        return to;
#endif
    }
};

template <> struct converted<int64_t, int32_t> {
    static SHIFTWIRE_INLINE lanes<int32_t> of(const lanes<int64_t> &from) {
        typedef int32_t half __attribute__((vector_size(VECTOR_BYTES / 2)));
        lanes<int32_t> to;
        SHIFTWIRE_REGISTERS
        for (int i = 0; i < 2; i++) {
            const half low = __builtin_convertvector(from.v[2 * i], half);
            const half high = __builtin_convertvector(from.v[2 * i + 1], half);
            to.v[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
        }
        return to;
    }
};

template <class Byte> SHIFTWIRE_INLINE lanes<Byte> int_to_bytes(const lanes<int32_t> &from) {
    return lanes<int16_t>(from);
}
template <class Byte> SHIFTWIRE_INLINE lanes<int32_t> bytes_to_int(const lanes<Byte> &from) {
    return lanes<int16_t>(from);
}
#endif


template <> struct converted<int16_t, int64_t> {
    static SHIFTWIRE_INLINE lanes<int64_t> of(const lanes<int16_t> &from) { return lanes<int32_t>(from); }
};

template <> struct converted<int64_t, int16_t> {
    static SHIFTWIRE_INLINE lanes<int16_t> of(const lanes<int64_t> &from) { return lanes<int32_t>(from); }
};

// Bytes, with or without a sign, become wider ones by way of 16 bits.
template <class Byte> struct byte_converted {
    static SHIFTWIRE_INLINE lanes<int16_t> widened(const lanes<Byte> &from) {
#ifdef __AVX2__
        const __m128i v = (__m128i)from.v[0];
        return {(lanes<int16_t>::vector)(std::is_signed<Byte>::value ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v))};
#else
        lanes<int16_t> to;
        to.v[0] = __builtin_convertvector(from.v[0], lanes<int16_t>::vector);
        return to;
#endif
    }
    static SHIFTWIRE_INLINE lanes<Byte> narrowed(const lanes<int16_t> &from) {
#ifdef __AVX2__
        const __m256i low = _mm256_and_si256((__m256i)from.v[0], _mm256_set1_epi16(255));
        const __m128i packed = _mm_packus_epi16(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
        return {(typename lanes<Byte>::vector)packed};
#else
        lanes<Byte> to;
        to.v[0] = __builtin_convertvector(from.v[0], typename lanes<Byte>::vector);
        return to;
#endif
    }
};
#define SHIFTWIRE_BYTES(BYTE)                                                                                          \
    template <> struct converted<BYTE, int16_t> {                                                                      \
        static SHIFTWIRE_INLINE lanes<int16_t> of(const lanes<BYTE> &from) {                                           \
            return byte_converted<BYTE>::widened(from);                                                                \
        }                                                                                                              \
    };                                                                                                                 \
    template <> struct converted<int16_t, BYTE> {                                                                      \
        static SHIFTWIRE_INLINE lanes<BYTE> of(const lanes<int16_t> &from) {                                           \
            return byte_converted<BYTE>::narrowed(from);                                                               \
        }                                                                                                              \
    };                                                                                                                 \
    template <> struct converted<BYTE, int32_t> {                                                                      \
        static SHIFTWIRE_INLINE lanes<int32_t> of(const lanes<BYTE> &from) { return bytes_to_int<BYTE>(from); }        \
    };                                                                                                                 \
    template <> struct converted<int32_t, BYTE> {                                                                      \
        static SHIFTWIRE_INLINE lanes<BYTE> of(const lanes<int32_t> &from) { return int_to_bytes<BYTE>(from); }        \
    };                                                                                                                 \
    template <> struct converted<BYTE, int64_t> {                                                                      \
        static SHIFTWIRE_INLINE lanes<int64_t> of(const lanes<BYTE> &from) { return lanes<int32_t>(from); }            \
    };                                                                                                                 \
    template <> struct converted<int64_t, BYTE> {                                                                      \
        static SHIFTWIRE_INLINE lanes<BYTE> of(const lanes<int64_t> &from) { return lanes<int32_t>(from); }            \
    };
SHIFTWIRE_BYTES(int8_t)
SHIFTWIRE_BYTES(uint8_t)
#undef SHIFTWIRE_BYTES

template <> struct converted<uint8_t, int8_t> {
    static SHIFTWIRE_INLINE lanes<int8_t> of(const lanes<uint8_t> &from) {
        lanes<int8_t> to;
        to.v[0] = (lanes<int8_t>::vector)from.v[0];
        return to;
    }
};
template <> struct converted<int8_t, uint8_t> {
    static SHIFTWIRE_INLINE lanes<uint8_t> of(const lanes<int8_t> &from) {
        lanes<uint8_t> to;
        to.v[0] = (lanes<uint8_t>::vector)from.v[0];
        return to;
    }
};

#define SHIFTWIRE_LANEWISE(OPERATOR, TYPE)                                                                             \
    template <class E> SHIFTWIRE_INLINE lanes<E> operator OPERATOR(const lanes<E> &a, const lanes<E> &b) {            \
        typedef typename lanes<E>::TYPE operand;                                                                       \
        lanes<E> made;                                                                                                 \
        SHIFTWIRE_REGISTERS                                                                                            \
        for (int i = 0; i < lanes<E>::VECTORS; i++) {                                                                  \
            made.v[i] = (typename lanes<E>::vector)((operand)a.v[i] OPERATOR(operand) b.v[i]);                         \
        }                                                                                                              \
        return made;                                                                                                   \
    }
SHIFTWIRE_LANEWISE(+, bits)
SHIFTWIRE_LANEWISE(-, bits)
SHIFTWIRE_LANEWISE(*, bits)
SHIFTWIRE_LANEWISE(&, bits)
SHIFTWIRE_LANEWISE(|, bits)
SHIFTWIRE_LANEWISE(^, bits)
#undef SHIFTWIRE_LANEWISE

// A comparison gives -1 in lanes where it holds and 0 elsewhere.
#define SHIFTWIRE_LANEWISE(OPERATOR)                                                                                   \
    template <class E>                                                                                                 \
    SHIFTWIRE_INLINE lanes<typename std::make_signed<E>::type> operator OPERATOR(const lanes<E> &a,                    \
                                                                                 const lanes<E> &b) {                  \
        lanes<typename std::make_signed<E>::type> made;                                                                \
        SHIFTWIRE_REGISTERS                                                                                            \
        for (int i = 0; i < lanes<E>::VECTORS; i++) made.v[i] = a.v[i] OPERATOR b.v[i];                                \
        return made;                                                                                                   \
    }
SHIFTWIRE_LANEWISE(<)
SHIFTWIRE_LANEWISE(>)
SHIFTWIRE_LANEWISE(>=)
SHIFTWIRE_LANEWISE(==)
#undef SHIFTWIRE_LANEWISE

template <class E> SHIFTWIRE_INLINE lanes<E> operator-(const lanes<E> &a) { return lanes<E>(0) - a; }

template <class E> SHIFTWIRE_INLINE lanes<E> operator*(const lanes<E> &a, long long scalar) {
    typedef typename lanes<E>::bits operand;
    lanes<E> made;
    SHIFTWIRE_REGISTERS
    for (int i = 0; i < lanes<E>::VECTORS; i++) {
        made.v[i] = (typename lanes<E>::vector)((operand)a.v[i] * (operand)(lanes<E>(scalar).v[i]));
    }
    return made;
}

template <class E> SHIFTWIRE_INLINE lanes<E> operator<<(const lanes<E> &a, int count) {
    lanes<E> made;
    SHIFTWIRE_REGISTERS
    for (int i = 0; i < lanes<E>::VECTORS; i++) {
        made.v[i] = (typename lanes<E>::vector)((typename lanes<E>::bits)a.v[i] << count);
    }
    return made;
}

template <class E> SHIFTWIRE_INLINE lanes<E> operator>>(const lanes<E> &a, int count) {
    lanes<E> made;
    SHIFTWIRE_REGISTERS
    for (int i = 0; i < lanes<E>::VECTORS; i++) made.v[i] = a.v[i] >> count;
    return made;
}

#ifdef __AVX512BW__
// a * weights[0] + b * weights[1], exact: a product of two 16-bit codes has 31 bits.
SHIFTWIRE_INLINE lanes<int32_t> pair_product(const lanes<int16_t> &a, const lanes<int16_t> &b, const int16_t *weights) {
    int both;
    __builtin_memcpy(&both, weights, sizeof both);
    const __m512i low = _mm512_cvtepu16_epi32((__m256i)a.v[0]), high = _mm512_cvtepu16_epi32((__m256i)b.v[0]);
    const __m512i pairs = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
    lanes<int32_t> made;
    made.v[0] = (lanes<int32_t>::vector)_mm512_madd_epi16(pairs, _mm512_set1_epi32(both));
    return made;
}
#elif defined(__AVX2__)
// a * weights[0] + b * weights[1], exact: a product of two 16-bit codes has 31 bits.
SHIFTWIRE_INLINE lanes<int32_t> pair_product(const lanes<int16_t> &a, const lanes<int16_t> &b, const int16_t *weights) {
    typedef lanes<int16_t>::vector vector;
    int both;
    __builtin_memcpy(&both, weights, sizeof both);
    const __m256i pair = _mm256_set1_epi32(both);
    const vector x = a.v[0], y = b.v[0];
    const vector low = __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const vector high = __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    lanes<int32_t> made;
    made.v[0] = (lanes<int32_t>::vector)_mm256_madd_epi16((__m256i)low, pair);
    made.v[1] = (lanes<int32_t>::vector)_mm256_madd_epi16((__m256i)high, pair);
    return made;
}
#endif

} // namespace sw

#endif
