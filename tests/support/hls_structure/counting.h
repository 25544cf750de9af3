// Arrays and streams that count: which words of which banks an iteration touches, as the pragmas lay them out.
//
// A line for each fault-worthy maximum goes to stdout when the program ends; counting.py reads them. Accesses before the
// first iteration are preparations and don't count.
#ifndef COUNTING_H_
#define COUNTING_H_

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace counted {

enum layout { APART, PARTITIONED, RESHAPED, CYCLIC };

typedef std::pair<long long, long long> place; // bank, word

// How many of the places that an iteration touched share a bank, and how often the rarest of them was touched.
struct crowd {
    long words = 0, rarest = 0;
};

inline crowd crowd_of(std::vector<place> &touched) {
    std::sort(touched.begin(), touched.end());
    crowd found;
    for (size_t at = 0, words = 0; at < touched.size();) {
        size_t end = at;
        while (end < touched.size() && touched[end] == touched[at]) end++;
        words = at > 0 && touched[at - 1].first == touched[at].first ? words + 1 : 1;
        found.words = std::max(found.words, long(words));
        found.rarest = at == 0 ? long(end - at) : std::min(found.rarest, long(end - at));
        at = end;
    }
    return found;
}

// One array: its extents and layouts by dimension, what this iteration touches, the worst of all iterations.
struct store {
    std::string name;
    std::vector<long> extents, factors;
    std::vector<layout> layouts;
    int bits = 0;
    std::vector<place> read, written;
    long most_read = 0, most_written = 0, partly = 0, behind = 0;

    void lay_out(layout how, int dim, long factor) {
        for (size_t d = 0; d < extents.size(); d++) {
            if (dim == 0 || int(d) == dim - 1) layouts[d] = how, factors[d] = factor;
        }
    }
    long product(layout how) const {
        long total = 1;
        for (size_t d = 0; d < extents.size(); d++) total *= layouts[d] == how ? extents[d] : 1;
        return total;
    }
    void see(const place &where) {
        if (read.empty() || read.back() != where) read.push_back(where);
    }
    bool is_memory() const { return product(APART) * product(CYCLIC) > 1; }
    void tick() {
        if (!read.empty()) most_read = std::max(most_read, crowd_of(read).words);
        if (!written.empty()) {
            const crowd found = crowd_of(written);
            most_written = std::max(most_written, found.words);
            if (found.rarest < product(RESHAPED)) partly++;
        }
        forget();
    }
    void forget() { read.clear(), written.clear(); }
    void report() const {
        printf("array %s %ld %ld %d %ld %ld %ld %ld\n", name.c_str(), product(RESHAPED) * bits,
               product(APART) * product(CYCLIC), int(is_memory()), most_read, most_written, partly, behind);
    }
};

struct flow {
    std::string name;
    long now = 0, most = 0, total = 0;
    void pass() { now++, total++; }
    void tick() { most = std::max(most, now), now = 0; }
    void report() const { printf("stream %s %ld %ld\n", name.c_str(), most, total); }
};

// All there is, in a frame of one unit.
struct books {
    std::vector<store *> stores;
    std::vector<flow *> flows;
    long ticks = 0, enough = -1;
    static books &all() {
        static books kept;
        return kept;
    }
    void tick() {
        for (store *one : stores) ticks ? one->tick() : one->forget();
        for (flow *one : flows) one->tick();
        if (ticks++ == enough) end(), exit(0);
    }
    void end() {
        for (store *one : stores) one->tick(), one->report();
        for (flow *one : flows) one->tick(), one->report();
        printf("ticks %ld\n", ticks);
    }
};

struct registers {};
struct memory {};
struct table {};

// One element of a memory: whether it is read or written shows when it is used.
template <class T> struct element {
    store *of;
    T *at;
    place where;
    operator T() const {
        of->see(where);
        of->behind += std::count(of->written.begin(), of->written.end(), where) > 0;
        return *at;
    }
    const element &operator=(const T &value) const {
        of->written.push_back(where);
        *at = value;
        return *this;
    }
    const element &operator=(const element &other) const { return *this = T(other); }
};

template <class T> T &leaf(store *, T *at, const place &, registers) { return *at; }
template <class T> element<T> leaf(store *of, T *at, const place &where, memory) { return element<T>{of, at, where}; }
template <class T> const T &leaf(store *of, T *at, const place &where, table) {
    of->see(where);
    return *at;
}

// An array or a row of one, of R dimensions and of kind K.
template <class T, int R, class K> struct view {
    store *of;
    T *data;
    long flat;
    place where;

    view<T, R - 1, K> row(long at) const {
        const size_t dim = of->extents.size() - R;
        const long extent = of->extents[dim], factor = of->factors[dim];
        if (at < 0 || at >= extent) {
            printf("outside %s dimension %ld of %ld: %ld\n", of->name.c_str(), long(dim + 1), extent, at);
            exit(0);
        }
        view<T, R - 1, K> below = {of, data, flat * extent + at, where};
        switch (of->layouts[dim]) {
        case APART: below.where.second = where.second * extent + at; break;
        case PARTITIONED: below.where.first = where.first * extent + at; break;
        case CYCLIC:
            below.where.first = where.first * factor + at % factor;
            below.where.second = where.second * extent + at / factor;
            break;
        case RESHAPED: break;
        }
        return below;
    }
    void partition(int dim) const { of->lay_out(PARTITIONED, dim, 1); }
    void reshape(int dim) const { of->lay_out(RESHAPED, dim, 1); }
    void cyclic(int dim, long factor) const { of->lay_out(CYCLIC, dim, factor); }
    view<T, R - 1, K> operator[](long at) const { return row(at); }
};

template <class T, class K> struct view<T, 0, K> {
    store *of;
    T *data;
    long flat;
    place where;
};

template <class T, class K> struct view<T, 1, K> {
    store *of;
    T *data;
    long flat;
    place where;
    void partition(int dim) const { of->lay_out(PARTITIONED, dim, 1); }
    void reshape(int dim) const { of->lay_out(RESHAPED, dim, 1); }
    void cyclic(int dim, long factor) const { of->lay_out(CYCLIC, dim, factor); }
    auto operator[](long at) const -> decltype(leaf((store *)0, (T *)0, place(), K())) {
        const long extent = of->extents.back(), factor = of->factors.back();
        if (at < 0 || at >= extent) {
            printf("outside %s dimension %ld of %ld: %ld\n", of->name.c_str(), long(of->extents.size()), extent, at);
            exit(0);
        }
        place here = where;
        switch (of->layouts.back()) {
        case APART: here.second = where.second * extent + at; break;
        case PARTITIONED: here.first = where.first * extent + at; break;
        case CYCLIC: here.first = where.first * factor + at % factor, here.second = where.second * extent + at / factor; break;
        case RESHAPED: break;
        }
        return leaf(of, data + flat * extent + at, here, K());
    }
};

template <class T> struct bits_of { static const int value = T::width; };
template <> struct bits_of<bool> { static const int value = 1; };
template <> struct bits_of<int> { static const int value = 32; };

// An array that is there; one declared in an iteration is one and the same in all of them, as in hardware.
template <class T, int R, class K> struct array : view<T, R, K> {
    store own;
    std::unique_ptr<T[]> codes;
    long size = 1;

    array(const char *name, std::initializer_list<long> extents) {
        own.name = name;
        own.extents = extents;
        own.factors.assign(R, 1);
        own.layouts.assign(R, APART);
        own.bits = bits_of<T>::value;
        for (long extent : extents) size *= extent;
        codes.reset(new T[size]());
        this->of = &own;
        this->data = codes.get();
        this->flat = 0;
        this->where = place(0, 0);
        if (!std::is_same<K, registers>::value) books::all().stores.push_back(&own);
    }
    array(const array &) = delete;
    void fill(FILE *file) {
        for (long at = 0; at < size; at++) {
            long long value = 0;
            if (fread(&value, sizeof value, 1, file) != 1) exit(3);
            codes[at] = T(value);
        }
    }
    ~array() {
        if (std::is_same<K, registers>::value) return;
        own.tick();
        own.report();
        std::vector<store *> &stores = books::all().stores;
        stores.erase(std::remove(stores.begin(), stores.end(), &own), stores.end());
    }
};

// Registers under a name of their own.
template <class T, long... Extents> struct registers_of : array<T, sizeof...(Extents), registers> {
    registers_of() : array<T, sizeof...(Extents), registers>("registers", {Extents...}) {}
};

} // namespace counted

#define SHIFTWIRE_TICK counted::books::all().tick();

namespace sw {

// A stream that gives random codes and takes any.
template <class B> struct stream {
    counted::flow own;
    unsigned long long drawn = 88172645463325252ULL;

    explicit stream(const char *name) {
        own.name = name;
        counted::books::all().flows.push_back(&own);
    }
    B read() {
        own.pass();
        B beat;
        for (int l = 0; l < int(B::size); l++) {
            drawn ^= drawn << 13, drawn ^= drawn >> 7, drawn ^= drawn << 17;
            beat[l] = typename B::value_type((long long)drawn);
        }
        return beat;
    }
    void write(const B &) { own.pass(); }
};

} // namespace sw

#endif
