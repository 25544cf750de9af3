// The compiled C++ of an HLS top in place of its IP, for simulation: words come in, a frame of them runs the function,
// words go out after a latency, with stalls on both sides that vary. A reset forgets all of it.
// Specification: shiftwire/hls/top.py. The module sw_hls_kernel of the same simulation calls it through DPI.
#ifndef SW_HLS_KERNEL_H_
#define SW_HLS_KERNEL_H_

#include <cstdint>
#include <deque>
#include <random>

#include "svdpi.h"

namespace sw_hls {

static const int STALL_PERCENT = 20;
static const int LEAST_LATENCY = 5, MOST_LATENCY = 60;

// In, Out: words; IN_WORDS of them are a frame.
template <class In, class Out, int IN_WORDS, int OUT_WORDS> class Kernel {
    typedef void (*Function)(hls::stream<In> &, hls::stream<Out> &);
    Function function;
    hls::stream<In> given;
    hls::stream<Out> made;
    struct Leaving {
        uint64_t due;
        Out word;
    };
    std::deque<Leaving> leaving;
    std::mt19937 random;
    uint64_t clock = 0;
    int taken = 0;
    bool is_ready = false, is_valid = false;

    bool stalls() { return random() % 100 < STALL_PERCENT; }

  public:
    explicit Kernel(Function function) : function(function) {}

    void reset() {
        while (!given.empty()) given.read();
        leaving.clear();
        taken = 0;
        is_ready = is_valid = false;
    }

    // A clock edge: a word that was taken comes in, one that was given is gone; returns ready + 2 * valid.
    int step(bool has_come, const In &word, bool has_left) {
        clock++;
        if (has_left) {
            leaving.pop_front();
            is_valid = false;
        }
        if (has_come) {
            given.write(word);
            if (++taken == IN_WORDS) run();
        }
        is_ready = leaving.size() < 2 * OUT_WORDS && !stalls();
        is_valid = is_valid || (!leaving.empty() && leaving.front().due <= clock && !stalls());
        return int(is_ready) + 2 * int(is_valid);
    }

    Out word() const { return leaving.empty() ? Out(0) : leaving.front().word; }

  private:
    void run() {
        taken = 0;
        function(given, made);
        const uint64_t from = clock + LEAST_LATENCY + random() % (MOST_LATENCY - LEAST_LATENCY);
        for (int i = 0; i < OUT_WORDS; i++) leaving.push_back({from + i, made.read()});
    }
};

template <class Word> Word word_of(const svBitVecVal *bits) {
    Word word = 0;
    for (int i = (Word::width - 1) / 32; i >= 0; i--) word = (word << (Word::width > 32 ? 32 : 0)) | Word(bits[i]);
    return word;
}

template <class Word> void bits_of(const Word &word, svBitVecVal *bits) {
    for (int i = 0; i <= (Word::width - 1) / 32; i++) {
        bits[i] = svBitVecVal(Word(word >> (32 * i)).to_uint64() & 0xFFFFFFFFu);
    }
}

} // namespace sw_hls

#endif
