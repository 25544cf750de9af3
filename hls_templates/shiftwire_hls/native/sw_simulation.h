// What every simulation program does around its units: read tables and codes, feed, drain, write what was asked for.
//
// Codes come in as (batches, images, codes of a frame) and leave so, in the order of the beats: rows, columns,
// channels, the channel fastest. Untimed: no cycle is counted here. Specification: the simulations of shiftwire/verify/
#ifndef SHIFTWIRE_SIMULATION_H_
#define SHIFTWIRE_SIMULATION_H_

#include <cstdio>
#include <cstdlib>
#include <type_traits>
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

template <class T> void read_into(std::vector<T> &codes, FILE *file) {
    if (fread(codes.data(), sizeof(T), codes.size(), file) != codes.size()) {
        fprintf(stderr, "a file of codes ends early\n");
        exit(2);
    }
}

// Where a table of words is passed on: each a code, or an array of them.
template <class Word> using table_of = const Word *;

template <class Code> const Code *held(FILE *file, size_t count) {
    std::vector<long long> codes(count);
    read_into(codes, file);
    Code *made = static_cast<Code *>(room_for(count * sizeof(Code)));
    for (size_t i = 0; i < count; i++) made[i] = Code(codes[i]);
    return made;
}

// A table of constants, in the type that holds them.
template <class Word> void load(void *table, FILE *file, size_t count) {
    typedef typename std::remove_all_extents<Word>::type code_t;
    *static_cast<table_of<Word> *>(table) = reinterpret_cast<table_of<Word>>(held<code_t>(file, count));
}

// What a program goes through, as data that ends in an empty entry: as statements, so many tables, units and logs would
// take a compiler longer than the units.
struct table_entry {
    void *table;
    void (*load)(void *table, FILE *file, size_t count);
    size_t count;
};
struct unit_entry {
    const char *name;
    void (*body)();
    int latency;
};
struct log_entry {
    std::vector<char> **log;
    void (*write)(FILE *file, const std::vector<char> &log, int frame_codes);
    int frame_codes;
};

// Codes (batches, images, codes of a frame) enter IMAGES at a time, from a file that is read as they do.
template <class T, class B> void feed(stream<B> &to, FILE *file, long long batches, int frame_codes) {
    std::vector<T> codes(size_t(frame_codes) * IMAGES);
    for (long long batch = 0; batch < batches; batch++) {
        read_into(codes, file);
        for (int at = 0; at < frame_codes; at += B::size) {
            B beat;
            for (int l = 0; l < (int)B::size; l++) {
                for (int image = 0; image < IMAGES; image++) {
                    beat[l].set(image, codes[size_t(image) * frame_codes + at + l]);
                }
            }
            to.write(beat);
        }
    }
}

// A log of beats, which hold one code of IMAGES images after the other, becomes (images, codes of a frame) a batch.
template <class E> void write_log(FILE *file, const std::vector<char> &log, int frame_codes) {
    const size_t batch = size_t(frame_codes) * IMAGES;
    const E *logged = reinterpret_cast<const E *>(log.data());
    std::vector<long long> codes(batch);
    for (size_t start = 0; start < log.size() / sizeof(E); start += batch) {
        for (size_t at = 0; at < batch; at++) codes[at % IMAGES * frame_codes + at / IMAGES] = logged[start + at];
        fwrite(codes.data(), sizeof(long long), batch, file);
    }
}

// The output's beats leave a batch at a time, so that no more of them are kept.
template <class B, class Write>
void drain(stream<B> &from, FILE *file, long long batches, int frame_codes, const Write &write) {
    std::vector<char> log;
    for (long long batch = 0; batch < batches; batch++) {
        log.clear();
        for (int at = 0; at < frame_codes; at += B::size) {
            const B &beat = from.next();
            append(log, &beat, sizeof beat);
        }
        write(file, log, frame_codes);
    }
}

// Usage: simulation TABLES BATCHES INPUT OUTPUT ALL_LAYERS LATENCY TIMED; a latency of -1 is what each unit states
static int simulated(char **argv, const table_entry *table, const unit_entry *unit, const log_entry *first_log,
                     int &batches, FILE *&given, FILE *&out) {
    FILE *tables = opened(argv[1], "rb");
    for (; table->load; table++) table->load(table->table, tables, table->count);
    batches = atoi(argv[2]);
    given = opened(argv[3], "rb");
    out = opened(argv[4], "wb");
    const int latency = atoi(argv[6]);
    now::is_watched = atoi(argv[5]);
    std::deque<std::vector<char> > logs;
    for (const log_entry *each = first_log; now::is_watched && each->log; each++) {
        logs.emplace_back();
        *each->log = &logs.back();
    }
    std::vector<sw::unit> units;
    for (; unit->body; unit++) {
        const bool is_end = units.empty() || !unit[1].body; // what feeds and drains has no latency to change
        add_unit(units, unit->name, unit->body, latency < 0 || is_end ? unit->latency : latency);
    }
    if (!run(units, atoi(argv[7]))) return 0;
    for (const std::vector<char> &log : logs) {
        first_log->write(out, log, first_log->frame_codes);
        first_log++;
    }
    for (const sw::unit &u : units) printf("%s %lld %lld\n", u.name, u.cycles, u.nanoseconds);
    return fclose(out) ? 2 : 0;
}

} // namespace sw

#endif
