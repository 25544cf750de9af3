// Codes that are read where they stand, in a FIFO or in a line buffer, so that nobody copies them.
//
// What a matrix-vector unit holds is where its codes stand. A FIFO keeps as many beats behind the one that is read as the
// unit may see again. A window's beat says where its words stand; its line buffer outlasts the call and has as many rows
// more as cover what is on its way, and every other frame has one of its own.
// Specification: shiftwire/native/packing.py
#ifndef SHIFTWIRE_HELD_H_
#define SHIFTWIRE_HELD_H_

#include "sw_halves.h"

namespace sw {

// N elements in runs of EACH, by where they stand.
template <class Element, unsigned N, int EACH> struct words {
    typedef Element value_type;
    static const unsigned size = N;
    const Element *at[N / EACH];
    const Element &operator[](int lane) const { return at[lane / EACH][lane % EACH]; }
};

// Words of which a reader packs the taps of each channel.
template <class Element, unsigned N, int EACH> struct columns : words<Element, N, EACH> {};

// A word of padding.
template <class C, class Packed> struct outside {
    Packed codes[C::tap_channels];
    outside() {
        for (int c = 0; c < C::tap_channels; c++) codes[c] = Packed(C::fill);
    }
    static outside word;
};
template <class C, class Packed> outside<C, Packed> outside<C, Packed>::word;

template <class C, class Code, class Packed, unsigned N, int EACH, class Row>
SHIFTWIRE_INLINE void take_word(words<Packed, N, EACH> &beat, int first, bool is_inside, const Row *line, int row, int bank,
                                const int at[C::banks]) {
    beat.at[first / EACH] = is_inside ? line[row][bank][at[bank]] : outside<C, Packed>::word.codes;
}

template <class C, class Code, class Element, unsigned N, int EACH, class Row>
SHIFTWIRE_INLINE void take_word(columns<Element, N, EACH> &beat, int first, bool is_inside, const Row *line, int row,
                                int bank, const int at[C::banks]) {
    take_word<C, Code>(static_cast<words<Element, N, EACH> &>(beat), first, is_inside, line, row, bank, at);
}

// The running unit begins a frame, which has a line buffer of its own.
template <class C, class Element> void next_frame() {
    next_frame(sizeof(Element) * C::rows * C::banks * C::bank_words * C::tap_channels);
}

// Where the rows of an array stand: in the frame's own memory, if words are left there.
template <class Y> struct standing_in {
    template <class Row> static SHIFTWIRE_INLINE Row *of(Row *rows) { return rows; }
};
template <class Element, unsigned N, int EACH> struct standing_in<words<Element, N, EACH> > {
    template <class Row> static SHIFTWIRE_INLINE Row *of(Row *) { return static_cast<Row *>(now::running->frames[0]); }
};
template <class Element, unsigned N, int EACH>
struct standing_in<columns<Element, N, EACH> > : standing_in<words<Element, N, EACH> > {};

#ifdef __AVX2__
template <class X> struct held_code;
template <int COUNT, unsigned N> struct held_code<view<beat<packed<COUNT>, N> > > { typedef standing<packed<COUNT> > type; };
template <unsigned N> struct held_code<view<beat<octets, N> > > { typedef standing<octets> type; };
template <unsigned N> struct held_code<view<beat<halves, N> > > { typedef standing<halves> type; };
template <int COUNT, unsigned N, int EACH> struct held_code<view<words<packed<COUNT>, N, EACH> > > {
    typedef standing<packed<COUNT> > type;
};
template <unsigned N, int EACH> struct held_code<view<words<octets, N, EACH> > > { typedef standing<octets> type; };
template <unsigned N, int EACH> struct held_code<view<words<halves, N, EACH> > > { typedef standing<halves> type; };

template <class Packed, int N> struct seen<standing<Packed>, N> { typedef const standing<Packed> *type; };

template <class Packed, unsigned N> SHIFTWIRE_INLINE const Packed *place(const view<beat<Packed, N> > &beat, int at) {
    return beat.at->data + at;
}
template <class Packed, unsigned N, int EACH>
SHIFTWIRE_INLINE const Packed *place(const view<words<Packed, N, EACH> > &beat, int at) {
    return beat.at->at[at / EACH] + at % EACH;
}

template <int N, class X, class Packed>
SHIFTWIRE_INLINE void see_new(const X &beat, standing<Packed> held[N], const standing<Packed> *&now) {
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s++) held[s].at = place(beat, s);
    now = held;
}
template <int N, class Packed>
SHIFTWIRE_INLINE void see_again(const standing<Packed> held[N], const standing<Packed> *&now) {
    now = held;
}

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
// Nothing is held of columns: each beat is seen once.
template <class Columns> struct column_code {};
template <class Element, unsigned N, int EACH> struct held_code<view<columns<Element, N, EACH> > > {
    typedef column_code<columns<Element, N, EACH> > type;
};
template <class Columns, int N> struct seen<column_code<Columns>, N> { typedef view<Columns> type; };
template <int N, class Columns>
SHIFTWIRE_INLINE void see_new(const view<Columns> &beat, column_code<Columns>[N], view<Columns> &now) {
    now = beat;
}
template <int N, class Columns> SHIFTWIRE_INLINE void see_again(const column_code<Columns>[N], view<Columns> &) {}

template <class L, class C, int N, int STEP, class B, unsigned LANES, int EACH>
SHIFTWIRE_INLINE lanes<int32_t> with_column(const lanes<int32_t> &sum, const view<columns<lanes<B>, LANES, EACH> > &x,
                                            const packed_weights<4> weight[], int at) {
    const int each = N * STEP / LANES; // columns in a row that a channel is read for
    const lanes<B> none(0);
    lanes<int32_t> total(sum);
    SHIFTWIRE_UNROLL
    for (int s = 0; s < N; s += 4) {
        lanes<B> code[4];
        SHIFTWIRE_UNROLL
        for (int k = 0; k < 4; k++) code[k] = s + k < N ? x[((s + k) * STEP + at) / each] : none;
        const packed<4> four = packed<4>::of(code, std::is_signed<B>::value ? 0x80808080 : 0);
        const standing<packed<4> > one[] = {{&four}};
        total = with_taps<L, C, lanes<int32_t>, 1>(total, one, weight, s / 4 * STEP + at);
    }
    return total;
}
#endif
#endif

} // namespace sw

#endif
