// Sliding windows of an image, padded and strided, as a stream of taps, from a line buffer of `rows` image rows.
// Specification: shiftwire/ir/window.py
#ifndef SHIFTWIRE_WINDOW_H_
#define SHIFTWIRE_WINDOW_H_

#include "sw_banks.h"
#include "sw_turns.h"

namespace sw {

// Where the next beat of the image goes: word place + chunk of a bank of a row's slot.
struct window_input {
    int chunk, column, bank, place, row, slot;
};

// Which taps leave next: those from row i and column j of the kernel on, of one chunk of channels. The window's first
// row stands in slot_top; its column left + j in a bank, at the place of that column's first chunk.
struct window_taps {
    int chunk, first_chunk, i, j, left, bank, left_place, place, top, slot_top, turn;
};

// One beat of the image is kept; rows that no window reads are dropped.
template <class X, class C, class Code>
SHIFTWIRE_WITHIN void window_take(const X &beat, Code line[C::rows][C::banks][C::bank_words][C::tap_channels], window_input &in) {
#pragma HLS INLINE
    static_assert(int(X::size) == C::tap_channels, "a beat is a word of the line buffer");
TakeLane:
    SHIFTWIRE_UNROLL
    for (int l = 0; l < C::tap_channels; l++) {
#pragma HLS UNROLL
        if (in.row < C::rows_used) line[in.slot][in.bank][in.place + in.chunk][l] = to_code(beat[l]);
    }
    const bool ends_column = in.chunk == C::chunks - 1;
    const bool ends_row = ends_column && in.column == C::in_width - 1;
    const bool ends_banks = ends_column && in.bank == C::banks - 1;
    in.chunk = ends_column ? 0 : in.chunk + 1;
    if (ends_column) in.column = ends_row ? 0 : in.column + 1;
    if (ends_column) in.bank = ends_row || ends_banks ? 0 : in.bank + 1;
    if (ends_row) in.place = 0;
    else if (ends_banks) in.place += C::chunks;
    if (ends_row) in.row++;
    if (ends_row) in.slot = in.slot == C::rows - 1 ? 0 : in.slot + 1;
}

// The taps of one beat. Each memory is asked for one word: taps side by side stand in banks side by side.
template <class Y, class C, class Code>
SHIFTWIRE_WITHIN Y window_beat(const Code line[C::rows][C::banks][C::bank_words][C::tap_channels], const window_taps &out) {
#pragma HLS INLINE
    int at[C::banks];
    bool is_column[C::banks];
#pragma HLS ARRAY_PARTITION variable = at complete
#pragma HLS ARRAY_PARTITION variable = is_column complete
Bank:
    SHIFTWIRE_UNROLL
    for (int b = 0; b < C::banks; b++) {
#pragma HLS UNROLL
        const bool wraps = b < out.bank;
        const int column = out.left + out.j + b - out.bank + (wraps ? C::banks : 0);
        is_column[b] = column >= 0 && column < C::in_width;
        at[b] = is_column[b] ? out.place + (wraps ? C::chunks : 0) + out.first_chunk + out.chunk : 0;
    }
    Y beat;
TapRow:
    SHIFTWIRE_UNROLL
    for (int i = 0; i < C::tap_rows; i++) {
#pragma HLS UNROLL
        const int row = out.top + out.i + i, wide = out.slot_top + out.i + i;
        const int slot = wide >= C::rows ? wide - C::rows : wide;
        const bool is_row = row >= 0 && row < C::in_height;
    Tap:
        SHIFTWIRE_UNROLL
        for (int j = 0; j < C::banks; j++) {
#pragma HLS UNROLL
            const int bank = out.bank + j >= C::banks ? out.bank + j - C::banks : out.bank + j;
            const int first = (i * C::banks + j) * C::tap_channels;
            take_word<C, Code>(beat, first, is_row && is_column[bank], line, slot, bank, at);
        }
    }
    return beat;
}

// On to the next taps: chunks innermost, then windows side by side, columns, rows, blocks, windows of a row.
template <class C> SHIFTWIRE_WITHIN void window_advance(window_taps &out, bool ends_row) {
#pragma HLS INLINE
    const bool ends_chunk = out.chunk == C::block_chunks - 1, ends_turns = out.turn == C::together - 1;
    if (C::together > 1 && ends_chunk) take_turn<C>(out, ends_turns);
    const bool ends_chunks = ends_chunk && ends_turns;
    const bool ends_columns = ends_chunks && out.j == C::kernel_width - C::banks;
    const bool ends_kernel = ends_columns && out.i == C::kernel_height - C::tap_rows;
    const bool ends_window = ends_kernel && out.first_chunk == C::chunks - C::block_chunks;
    const int bank = out.bank + C::bank_step;
    const bool wraps = bank >= C::banks;
    const int slot_top = out.slot_top + C::slot_step;
    if (ends_window) out.left = ends_row ? -C::pad_left : out.left + C::together * C::stride_width;
    if (ends_window) out.bank = ends_row ? C::first_bank : wraps ? bank - C::banks : bank;
    if (ends_window) out.left_place = ends_row ? C::first_place : out.left_place + C::together * C::place_step + (wraps ? C::chunks : 0);
    if (ends_columns) out.place = out.left_place;
    else if (ends_chunks) out.place += C::chunks;
    if (ends_kernel) out.first_chunk = ends_window ? 0 : out.first_chunk + C::block_chunks;
    if (ends_columns) out.i = ends_kernel ? 0 : out.i + C::tap_rows;
    if (ends_chunks) out.j = ends_columns ? 0 : out.j + C::banks;
    out.chunk = ends_chunk ? 0 : out.chunk + 1;
    if (ends_row) out.top += C::stride_height;
    if (ends_row) out.slot_top = slot_top >= C::rows ? slot_top - C::rows : slot_top;
}

// x: in_height rows of in_width pixels, `chunks` beats of tap_channels codes each. y: for each window position, for each
// block of channels, the taps (kernel_height, kernel_width, block_chunks), `tap_rows` by `banks` of them a beat;
// each tap of windows `together` in turn.
// reads and steps (phases,): beats that come in, and iterations, before the first row of windows if it needs any, then
// while each row of windows is given; the beats of a row leave spread evenly over its steps, as those that come in.
// A padded tap has the code `fill`. What leaves never stands in the word that comes in: `line` is read, then written.
// Iterations a frame: the sum of the steps.
template <class X, class Y, class C>
void window(stream<X> &x, stream<Y> &y, const typename C::reads_t reads[C::phases],
            const typename C::steps_t steps[C::phases]) {
#pragma HLS ARRAY_PARTITION variable = reads complete
#pragma HLS ARRAY_PARTITION variable = steps complete
    typedef typename code_of<typename X::value_type>::type code_t;
    code_t line[C::rows][C::banks][C::bank_words][C::tap_channels];
#pragma HLS ARRAY_PARTITION variable = line dim = 1 complete
#pragma HLS ARRAY_PARTITION variable = line dim = 2 complete
#pragma HLS ARRAY_RESHAPE variable = line dim = 4 complete
    window_input in = {0, 0, 0, 0, 0, 0};
    window_taps out = {0, 0, 0, 0, -C::pad_left, C::first_bank, C::first_place, C::first_place, -C::pad_top, C::first_slot, 0};
    int step = 0, due_in = 0, due_out = 0, ahead = C::phases > 1 ? 1 : 0;
    int phase_reads = to_index(reads[0]), phase_steps = to_index(steps[0]);
    bool is_filling = C::has_fill;
Step:
    for (int i = 0; i < C::iterations; i++) {
#pragma HLS PIPELINE II = 1 style = frp
        SHIFTWIRE_TICK
        const int grown_in = due_in + phase_reads, grown_out = due_out + (is_filling ? 0 : C::row_writes);
        const int next_reads = to_index(reads[ahead]), next_steps = to_index(steps[ahead]);
        const bool ends_phase = step == phase_steps - 1;
        due_in = grown_in >= phase_steps ? grown_in - phase_steps : grown_in;
        due_out = grown_out >= phase_steps ? grown_out - phase_steps : grown_out;
        X beat;
        if (grown_in >= phase_steps) beat = x.read();
        if (grown_out >= phase_steps) {
            y.write(window_beat<Y, C>(SHIFTWIRE_STANDING(Y, line), out));
            window_advance<C>(out, ends_phase);
        }
        if (grown_in >= phase_steps) window_take<X, C>(beat, SHIFTWIRE_STANDING(Y, line), in);
        step = ends_phase ? 0 : step + 1;
        phase_reads = ends_phase ? next_reads : phase_reads;
        phase_steps = ends_phase ? next_steps : phase_steps;
        is_filling = is_filling && !ends_phase;
        if (ends_phase) ahead = ahead == C::phases - 1 ? 0 : ahead + 1;
    }
}

} // namespace sw

#endif
