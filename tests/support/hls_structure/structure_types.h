// Code types that stand in for ap_int where a kernel's structure is looked at and not its codes: a machine's integers,
// cut to width. Streams are declared alone, so that a compiler knows nothing of what passes, or, where
// STRUCTURE_STREAMS names a file, are those of that file.
#ifndef STRUCTURE_TYPES_H_
#define STRUCTURE_TYPES_H_

namespace sw {

template <int W, bool IsSigned> struct code {
    static const int width = W;
    long long v;

    code() : v(0) {}
    code(int value) : v(cut(value)) {}
    code(long long value) : v(cut(value)) {}
    template <int W2, bool S2> code(const code<W2, S2> &other) : v(cut(other.v)) {}

    static long long cut(long long value) {
        const int spare = W < 64 ? 64 - W : 0;
        const unsigned long long high = (unsigned long long)value << spare;
        return IsSigned ? (long long)high >> spare : (long long)(high >> spare);
    }
    code operator<<(int n) const { return code((long long)((unsigned long long)v << (n & 63))); }
    code operator>>(int n) const { return code(v >> (n & 63)); }
};

template <int W> using sint = code<W, true>;
template <int W> using uint = code<W, false>;
template <int W> using rom_sint = code<W, true>;
template <int W> using rom_uint = code<W, false>;
typedef sint<64> wide;

#define STRUCTURE_ARITHMETIC(OP)                                                                                       \
    template <int A, bool SA, int B, bool SB> wide operator OP(const code<A, SA> &a, const code<B, SB> &b) {           \
        return wide(a.v OP b.v);                                                                                       \
    }                                                                                                                  \
    template <int A, bool SA> wide operator OP(const code<A, SA> &a, int b) { return wide(a.v OP b); }
STRUCTURE_ARITHMETIC(+)
STRUCTURE_ARITHMETIC(-)
STRUCTURE_ARITHMETIC(*)
STRUCTURE_ARITHMETIC(/)
STRUCTURE_ARITHMETIC(&)
STRUCTURE_ARITHMETIC(|)
STRUCTURE_ARITHMETIC(^)

#define STRUCTURE_COMPARISON(OP)                                                                                       \
    template <int A, bool SA, int B, bool SB> bool operator OP(const code<A, SA> &a, const code<B, SB> &b) {           \
        return a.v OP b.v;                                                                                             \
    }                                                                                                                  \
    template <int A, bool SA> bool operator OP(const code<A, SA> &a, int b) { return a.v OP b; }
STRUCTURE_COMPARISON(<)
STRUCTURE_COMPARISON(>)
STRUCTURE_COMPARISON(<=)
STRUCTURE_COMPARISON(>=)
STRUCTURE_COMPARISON(==)
STRUCTURE_COMPARISON(!=)
template <int A, bool SA> wide operator-(const code<A, SA> &a) { return wide(-a.v); }

template <class T> struct code_of { typedef T type; };
template <class T> T to_code(const T &value) { return value; }
template <class T, class A> T from_code(const A &value) { return T(value); }
template <class A> A select(bool condition, const A &yes, const A &no) { return condition ? yes : no; }
template <int Bits, bool Signed, class A> A wrapped(const A &value) { return A(code<Bits, Signed>(value)); }
template <class W> int to_index(const W &weight) { return int(weight.v); }

#ifndef STRUCTURE_STREAMS
template <class T> struct stream {
    T read();
    void write(const T &beat);
};
#endif

} // namespace sw

#ifdef STRUCTURE_STREAMS
#include STRUCTURE_STREAMS
#endif

#endif
