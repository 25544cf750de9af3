// Beats that go on in registers: what a unit writes passes the units behind it that work code by code, and a FIFO takes
// what the last of them makes.
//
// A stage is such a unit: `code` makes of one code of a lane what the unit's own header says, and `step` goes on to the
// next beat. A FIFO that is no more, because its reader has become a stage, still logs what would pass it.
// Specification: shiftwire/native/fusion.py
#ifndef SHIFTWIRE_FUSED_H_
#define SHIFTWIRE_FUSED_H_

#include "sw_coroutine.h"
#include "sw_lanes.h"

namespace sw {

template <class T, class C, class X> T requantized(const X &x);
template <class T, class X> T rectified(const X &x);
template <class T, class C, class X>
T scaled(const X &x, const typename C::weight_t weight[C::folds][C::terms * C::lanes],
         const typename C::bias_t bias[C::folds][C::lanes], int fold, int l);

template <class C> struct requantizing {
    template <class T, class X> SHIFTWIRE_INLINE T code(const X &x, int) const { return requantized<T, C>(x); }
    void step() {}
};

struct rectifying {
    template <class T, class X> SHIFTWIRE_INLINE T code(const X &x, int) const { return rectified<T>(x); }
    void step() {}
};

// Its tables are read after it is made, so it knows where they will stand.
template <class C> struct scaling {
    typedef const typename C::weight_t (*weights)[C::terms * C::lanes];
    typedef const typename C::bias_t (*biases)[C::lanes];
    weights &weight;
    biases &bias;
    int fold;

    scaling(weights &weight, biases &bias) : weight(weight), bias(bias), fold(0) {}
    template <class T, class X> SHIFTWIRE_INLINE T code(const X &x, int lane) const {
        return scaled<T, C>(x, weight, bias, fold, lane);
    }
    void step() { fold = fold == C::folds - 1 ? 0 : fold + 1; }
};

// A beat of N codes that becomes one of type Next as it is written.
template <class T, unsigned N, class Stage, class Next> struct fused {
    typedef T value_type;
    static const unsigned size = N;
    T data[N];

    SHIFTWIRE_INLINE T &operator[](int at) { return data[at]; }
    SHIFTWIRE_INLINE const T &operator[](int at) const { return data[at]; }
};

// A beat of N codes for two readers.
template <class T, unsigned N, class A, class B> struct forked : fused<T, N, A, B> {};

// What stands behind a stage: the end of a chain, or another stage.
template <class Next> struct onward {
    typedef Next end;
    static fifo<Next> &last(fifo<Next> &next) { return next; }
    template <class Code> static SHIFTWIRE_INLINE const Code &code(const fifo<Next> &, const Code &made, int) { return made; }
    static void step(fifo<Next> &) {}
    template <class Made> static void watch(fifo<Next> &, const Made &) {}
};
template <class T, unsigned N, class Stage, class Next> struct onward<fused<T, N, Stage, Next> > {
    typedef fifo<fused<T, N, Stage, Next> > chain;
    typedef typename chain::end end;
    static SHIFTWIRE_INLINE fifo<end> &last(chain &next) { return next.last(); }
    template <class Code>
    static SHIFTWIRE_INLINE typename end::value_type code(const chain &next, const Code &made, int lane) {
        return next.code(made, lane);
    }
    static SHIFTWIRE_INLINE void step(chain &next) { next.step(); }
    template <class Made> static void watch(chain &next, const Made &made) { next.watch(made); }
};

template <class T, unsigned N, class Stage, class Next> class fifo<fused<T, N, Stage, Next> > {
  public:
    typedef onward<Next> rest;
    typedef typename rest::end end;

    fifo(const Stage &stage, fifo<Next> &next) : stage(stage), next(next) {}

    SHIFTWIRE_INLINE void make_room() { last().make_room(); }

    SHIFTWIRE_INLINE void write(const fused<T, N, Stage, Next> &beat) {
        make_room();
        place(beat);
    }

    SHIFTWIRE_INLINE void place(const fused<T, N, Stage, Next> &beat) {
        if (now::is_watched) watch_copy(beat);
        end made;
        SHIFTWIRE_UNROLL
        for (unsigned l = 0; l < N; l++) made[l] = code(beat[l], l);
        step();
        last().place(made);
    }

    SHIFTWIRE_INLINE fifo<end> &last() { return rest::last(next); }
    SHIFTWIRE_INLINE typename end::value_type code(const T &x, int lane) const {
        return rest::code(next, stage.template code<typename Next::value_type>(x, lane), lane);
    }
    SHIFTWIRE_INLINE void step() {
        stage.step();
        rest::step(next);
    }

    // Out of line, of codes in memory: what few programs ask for.
    template <class Made> __attribute__((noinline, cold)) void watch(const Made &beat) {
        if (log) append(*log, &beat, sizeof beat);
        sw::beat<typename Next::value_type, N> made;
        for (unsigned l = 0; l < N; l++) made[l] = stage.template code<typename Next::value_type>(beat[l], l);
        rest::watch(next, made);
    }

    std::vector<char> *log = nullptr;

  private:
    // A copy, so that the codes themselves have no address.
    SHIFTWIRE_INLINE void watch_copy(const fused<T, N, Stage, Next> &beat) {
        sw::beat<T, N> copy;
        SHIFTWIRE_UNROLL
        for (unsigned l = 0; l < N; l++) copy.data[l] = beat.data[l];
        watch(copy);
    }

    Stage stage;
    fifo<Next> &next;
};

template <class T, unsigned N, class A, class B> class fifo<forked<T, N, A, B> > {
  public:
    fifo(fifo<A> &a, fifo<B> &b) : a(a), b(b) {}

    SHIFTWIRE_INLINE void make_room() {
        a.make_room();
        b.make_room();
    }

    template <class Beat> SHIFTWIRE_INLINE void write(const Beat &beat) {
        make_room();
        place(beat);
    }

    template <class Beat> SHIFTWIRE_INLINE void place(const Beat &beat) {
        if (log) log_copy(beat);
        A made_a;
        B made_b;
        SHIFTWIRE_UNROLL
        for (unsigned l = 0; l < N; l++) {
            made_a[l] = typename A::value_type(beat[l]);
            made_b[l] = typename B::value_type(beat[l]);
        }
        a.place(made_a);
        b.place(made_b);
    }

    std::vector<char> *log = nullptr;

  private:
    template <class Beat> SHIFTWIRE_INLINE void log_copy(const Beat &beat) {
        sw::beat<T, N> copy;
        SHIFTWIRE_UNROLL
        for (unsigned l = 0; l < N; l++) copy.data[l] = beat.data[l];
        append(*log, &copy, sizeof copy);
    }

    fifo<A> &a;
    fifo<B> &b;
};

} // namespace sw

#endif
