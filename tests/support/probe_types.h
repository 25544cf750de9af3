// Code types that stand in for ap_int: every product of two codes is a compile error.
// Shows that kernels multiply nothing, and that another implementation can take the place of the real one.
#ifndef PROBE_TYPES_H_
#define PROBE_TYPES_H_

#include <queue>

namespace sw {

template <int W, bool IsSigned> struct probe {
    long long v;

    probe() : v(0) {}
    probe(int code) : v(wrap(code)) {}
    probe(long long code) : v(wrap(code)) {}
    template <int W2, bool S2> probe(const probe<W2, S2> &other) : v(wrap(other.v)) {}

    static long long wrap(long long code) {
        const unsigned long long low = (unsigned long long)code & ((1ULL << W) - 1);
        const bool is_negative = IsSigned && ((low >> (W - 1)) & 1);
        return is_negative ? (long long)low - (1LL << W) : (long long)low;
    }
    probe operator<<(int n) const { return probe((long long)((unsigned long long)v << n)); }
    probe operator>>(int n) const { return probe(v >> n); }
    template <int W2, bool S2> probe &operator+=(const probe<W2, S2> &other) {
        v = wrap(v + other.v);
        return *this;
    }
};

template <int W> using sint = probe<W, true>;
template <int W> using uint = probe<W, false>;
typedef sint<62> wide;

#define PROBE_ARITHMETIC(OP)                                                                                           \
    template <int A, bool SA, int B, bool SB> wide operator OP(const probe<A, SA> &a, const probe<B, SB> &b) {         \
        return wide(a.v OP b.v);                                                                                       \
    }                                                                                                                  \
    template <int A, bool SA> wide operator OP(const probe<A, SA> &a, int b) { return wide(a.v OP b); }
PROBE_ARITHMETIC(+)
PROBE_ARITHMETIC(-)
PROBE_ARITHMETIC(&)
PROBE_ARITHMETIC(^)
template <int A, bool SA> wide operator-(const probe<A, SA> &a) { return wide(-a.v); }

#define PROBE_COMPARISON(OP)                                                                                           \
    template <int A, bool SA, int B, bool SB> bool operator OP(const probe<A, SA> &a, const probe<B, SB> &b) {         \
        return a.v OP b.v;                                                                                             \
    }                                                                                                                  \
    template <int A, bool SA> bool operator OP(const probe<A, SA> &a, int b) { return a.v OP b; }
PROBE_COMPARISON(<)
PROBE_COMPARISON(>)
PROBE_COMPARISON(>=)
PROBE_COMPARISON(==)
PROBE_COMPARISON(!=)

template <int A, bool SA, class B> wide operator*(const probe<A, SA> &, const B &) = delete;
template <int A, bool SA> wide operator*(int, const probe<A, SA> &) = delete;

template <class T> struct code_of { typedef T type; };
template <class T> T to_code(const T &value) { return value; }
template <class T, class A> T from_code(const A &code) { return T(code); }
template <class W> int to_index(const W &weight) { return (int)weight.v; }

template <int W> using rom_sint = probe<W, true>;
template <int W> using rom_uint = probe<W, false>;

template <class A> A select(bool condition, const A &yes, const A &no) { return condition ? yes : no; }
template <int Bits, bool Signed, class A> A wrapped(const A &code) { return A(probe<Bits, Signed>(code)); }
template <class T> class stream {
  public:
    void write(const T &beat) { beats.push(beat); }
    T read() {
        const T beat = beats.front();
        beats.pop();
        return beat;
    }

  private:
    std::queue<T> beats;
};

} // namespace sw

#endif
