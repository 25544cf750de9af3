// Sliding windows of an image, padded and strided, as a stream of taps, from a line buffer of `rows` image rows.
// Specification: shiftwire/ir/window.py
#ifndef SHIFTWIRE_WINDOW_H_
#define SHIFTWIRE_WINDOW_H_

#include "sw_code.h"

namespace sw {

// One beat of the image goes to its place in the ring of rows; rows that no window reads are dropped.
template <class X, class C, class Code>
void window_take(stream<X> &x, Code line[C::rows][C::in_width * C::channels], int &row, int &slot, int &at) {
#pragma HLS INLINE
    const X beat = x.read();
TakeLane:
    SHIFTWIRE_UNROLL
    for (int l = 0; l < (int)X::size; l++) {
#pragma HLS UNROLL
        if (row < C::rows_used) line[slot][at + l] = to_code(beat[l]);
    }
    at += X::size;
    if (at == C::in_width * C::channels) {
        at = 0;
        row++;
        slot = slot + 1 == C::rows ? 0 : slot + 1;
    }
}

// x: in_height rows of in_width pixels, X::size channels a beat. y: for each window position, for each block of
// channels, the taps (kernel_height, kernel_width, block_channels), `taps` of them times `tap_channels` channels a
// beat.
// rows_read: image rows to read before the first row of windows, then while each row of windows is given.
// A padded tap has the code `fill`. While a row of windows leaves, the rows that the next one needs come in.
// Iterations a frame: rows_read[0] rows of beats, then for each row of windows the larger of the beats that come in and
// those that leave, spread evenly over them. Both loops are asked for II = 1; no HLS tool has run.
template <class X, class Y, class C>
void window(stream<X> &x, stream<Y> &y, const typename C::rows_read_t rows_read[C::out_height + 1]) {
    typedef typename code_of<typename X::value_type>::type code_t;
    const int channels_at_once = C::tap_channels;
    code_t line[C::rows][C::in_width * C::channels];
#pragma HLS ARRAY_PARTITION variable = line dim = 1 complete
#pragma HLS ARRAY_RESHAPE variable = line dim = 2 cyclic factor = channels_at_once
    const int beats_per_row = C::in_width * (C::channels / X::size);
    const int writes = C::out_width * C::blocks * C::beats_per_block;
    int row_in = 0, slot_in = 0, at_in = 0;
Fill:
    for (int t = 0; t < to_index(rows_read[0]) * beats_per_row; t++) {
#pragma HLS PIPELINE II = 1
        SHIFTWIRE_TICK
        window_take<X, C>(x, line, row_in, slot_in, at_in);
    }
    int top = -C::pad_top, slot_top = C::first_slot;
Row:
    for (int row = 0; row < C::out_height; row++) {
        const int reads = to_index(rows_read[row + 1]) * beats_per_row;
        const int steps = reads > writes ? reads : writes;
        int due_in = 0, due_out = 0, left = -C::pad_left, first = 0, chunk = 0, i = 0, j = 0;
    Step:
        for (int t = 0; t < steps; t++) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = line inter false
            SHIFTWIRE_TICK
            due_in += reads;
            if (due_in >= steps) {
                due_in -= steps;
                window_take<X, C>(x, line, row_in, slot_in, at_in);
            }
            due_out += writes;
            if (due_out >= steps) {
                due_out -= steps;
                Y beat;
                int tap_i = i, tap_j = j;
            Tap:
                SHIFTWIRE_UNROLL
                for (int k = 0; k < C::taps; k++) {
#pragma HLS UNROLL
                    const int v = top + tap_i, u = left + tap_j;
                    const bool is_inside = v >= 0 && v < C::in_height && u >= 0 && u < C::in_width;
                    const int wide = slot_top + tap_i;
                    const int slot = wide >= C::rows ? wide - C::rows : wide;
                    const int at = is_inside ? u * C::channels + first + chunk : 0;
                TapChannel:
                    SHIFTWIRE_UNROLL
                    for (int c = 0; c < C::tap_channels; c++) {
#pragma HLS UNROLL
                        const code_t code = is_inside ? line[slot][at + c] : code_t(C::fill);
                        beat[k * C::tap_channels + c] = from_code<typename Y::value_type>(code);
                    }
                    tap_j++;
                    if (tap_j == C::kernel_width) {
                        tap_j = 0;
                        tap_i++;
                    }
                }
                y.write(beat);
                chunk += C::tap_channels;
                if (chunk == C::block_channels) {
                    chunk = 0;
                    i = tap_i;
                    j = tap_j;
                    if (i == C::kernel_height) {
                        i = 0;
                        first += C::block_channels;
                        if (first == C::channels) {
                            first = 0;
                            left += C::stride_width;
                        }
                    }
                }
            }
        }
        top += C::stride_height;
        slot_top += C::slot_step;
        slot_top = slot_top >= C::rows ? slot_top - C::rows : slot_top;
    }
}

} // namespace sw

#endif
