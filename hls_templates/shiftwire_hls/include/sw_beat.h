// A beat of N codes, code 0 first, where no other library gives one; hls4ml's nnet::array has the same members.
#ifndef SHIFTWIRE_BEAT_H_
#define SHIFTWIRE_BEAT_H_

namespace sw {

template <class T, unsigned N> struct beat {
    typedef T value_type;
    static const unsigned size = N;
    T data[N];

    T &operator[](int at) { return data[at]; }
    const T &operator[](int at) const { return data[at]; }
};

} // namespace sw

#endif
