// Tables of words, as hls4ml's top function loads them from text where it isn't synthesised. No unit includes it.
#ifndef SHIFTWIRE_TABLES_H_
#define SHIFTWIRE_TABLES_H_

// Constants for HLS; what a simulation reads from text cannot be.
#ifdef __SYNTHESIS__
#define SHIFTWIRE_TABLE static const
#else
#define SHIFTWIRE_TABLE static
#endif

#ifndef __SYNTHESIS__
#include <cstddef>

namespace nnet {

// hls4ml's own function, for SIZE codes of a table of one dimension.
template <class T, size_t SIZE> void load_weights_from_txt(T *table, const char *name);

template <class T, size_t SIZE, size_t WORDS, size_t LANES>
void load_weights_from_txt(T (&table)[WORDS][LANES], const char *name) {
    static_assert(SIZE == WORDS * LANES, "all of a table is in its file");
    load_weights_from_txt<T, SIZE>(table[0], name);
}

} // namespace nnet

#endif
#endif
