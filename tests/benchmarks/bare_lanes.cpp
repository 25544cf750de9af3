// Nothing but the instruction that a lane of a native simulation ends in, from registers and the first cache: giga
// operations a second, each a code of an image that meets a weight.
//
// Built on the headers of native simulations with the flags of one; prints a line for each kind that the processor has,
// the best of RUNS runs, or of as many as its argument says.
#define SHIFTWIRE_CODE_TYPES "sw_native.h"
#include "sw_simulation.h"

#include <ctime>

static const int SUMS = 8, INPUTS = 4;
static const long REPEATS = 200000;
static const int RUNS = 7;

static double seconds() {
    timespec since;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &since);
    return since.tv_sec + 1e-9 * since.tv_nsec;
}

struct bare_lane {
    static const bool is_product = true;
};

// SUMS sums of INPUTS elements each, over and over; the sums stay in registers where there are enough.
template <class Sum, class Element, class Weight>
__attribute__((noinline)) void work(Sum *out, const sw::standing<Element> *x, const Weight *weight, long repeats) {
    Sum sum[SUMS];
    SHIFTWIRE_UNROLL
    for (int p = 0; p < SUMS; p++) sum[p] = Sum(0);
    for (long i = 0; i < repeats; i++) {
        SHIFTWIRE_UNROLL
        for (int p = 0; p < SUMS; p++) {
            sum[p] = sw::with_taps<bare_lane, void, Sum, INPUTS>(sum[p], x, weight + (i & 15) * SUMS * INPUTS,
                                                                 p * INPUTS);
        }
    }
    SHIFTWIRE_UNROLL
    for (int p = 0; p < SUMS; p++) out[p] = sum[p];
}

template <class Sum, class Element, class Weight> void show(const char *name, int runs) {
    static Sum out[SUMS];
    static Element codes[INPUTS];
    sw::standing<Element> x[INPUTS];
    static Weight weight[16 * SUMS * INPUTS];
    for (int s = 0; s < INPUTS; s++) {
        codes[s] = Element(0x0102030405060708LL * (s + 1));
        x[s].at = &codes[s];
    }
    for (int w = 0; w < 16 * SUMS * INPUTS; w++) weight[w] = Weight(0x0807060504030201LL + w);
    double best = 1e9;
    for (int run = 0; run < runs; run++) {
        const double start = seconds();
        work(out, x, weight, REPEATS);
        best = best < seconds() - start ? best : seconds() - start;
    }
    printf("%s %.2f\n", name, double(SUMS) * INPUTS * Element::count * sw::IMAGES * REPEATS / best / 1e9);
}

int main(int argc, char **argv) {
    const int runs = argc > 1 ? atoi(argv[1]) : RUNS;
#ifdef __AVX2__
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
    show<sw::lanes<int32_t>, sw::packed<4>, sw::packed_weights<4> >("packed<4>", runs);
#endif
    show<sw::lanes<int32_t>, sw::packed<2>, sw::packed_weights<2> >("packed<2>", runs);
    show<sw::distances, sw::octets, sw::octet_weights>("octets", runs);
#endif
    return 0;
}
