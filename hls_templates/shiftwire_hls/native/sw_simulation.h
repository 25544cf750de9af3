// What every simulation program does around its units: read tables and codes, feed, drain, write what was asked for.
//
// Codes come in as (batches, images, codes of a frame) and leave so, in the order of the beats: rows, columns,
// channels, the channel fastest. Untimed: no cycle is counted here. Specification: the simulations of shiftwire/verify/
#ifndef SHIFTWIRE_SIMULATION_H_
#define SHIFTWIRE_SIMULATION_H_

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "sw_beat.h"
#include "sw_code.h"

namespace sw {

static FILE *opened(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (!file) {
        perror(path);
        exit(2);
    }
    return file;
}

template <class T> std::vector<T> read_codes(FILE *file, size_t count) {
    std::vector<T> codes(count);
    if (fread(codes.data(), sizeof(T), count, file) != count) {
        fprintf(stderr, "a file of codes ends early\n");
        exit(2);
    }
    return codes;
}

// Where a table of words is passed on: each a code, or an array of them.
template <class Word> using table_of = const Word *;

// A table of constants, in the type that holds them.
template <class Table> Table table(FILE *file, size_t count) {
    typedef typename std::remove_cv<typename std::remove_pointer<Table>::type>::type word_t;
    typedef typename std::remove_all_extents<word_t>::type code_t;
    const std::vector<long long> codes = read_codes<long long>(file, count);
    code_t *held = static_cast<code_t *>(malloc(count * sizeof(code_t)));
    for (size_t i = 0; i < count; i++) held[i] = code_t(codes[i]);
    return reinterpret_cast<Table>(held);
}

// Codes (batches, images, codes of a frame) enter IMAGES at a time.
template <class B, class T> void feed(stream<B> &to, const std::vector<T> &codes, int frame_codes) {
    for (size_t batch = 0; batch < codes.size(); batch += size_t(frame_codes) * IMAGES) {
        for (int at = 0; at < frame_codes; at += B::size) {
            B beat;
            for (int l = 0; l < (int)B::size; l++) {
                for (int image = 0; image < IMAGES; image++) {
                    beat[l].set(image, codes[batch + size_t(image) * frame_codes + at + l]);
                }
            }
            to.write(beat);
        }
    }
}

template <class B> void drain(stream<B> &from, long long beats) {
    for (long long b = 0; b < beats; b++) from.read();
}

// A log of beats becomes (images, codes of a frame) for each batch.
template <class B> void write_log(FILE *file, const std::vector<B> &log, int frame_codes) {
    const size_t beats = frame_codes / B::size;
    std::vector<long long> codes(size_t(frame_codes) * IMAGES);
    for (size_t start = 0; start < log.size(); start += beats) {
        for (size_t b = 0; b < beats; b++) {
            for (int l = 0; l < (int)B::size; l++) {
                for (int image = 0; image < IMAGES; image++) {
                    codes[size_t(image) * frame_codes + b * B::size + l] = log[start + b][l].get(image);
                }
            }
        }
        fwrite(codes.data(), sizeof(long long), codes.size(), file);
    }
}

} // namespace sw

#endif
