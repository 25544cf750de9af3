// Units of a pipeline as coroutines on FIFOs of a fixed depth: a unit runs until it must wait, then another one does.
//
// Who runs when changes no code (the units form a Kahn network), but depths do matter: when every unit waits, the
// pipeline has deadlocked, and the simulation says which FIFOs they wait for. A FIFO carries beats in the order they
// were written. With SHIFTWIRE_COUNT, an iteration of a kernel's pipelined loop counts one cycle (SHIFTWIRE_TICK), and
// what it writes leaves the unit with the iteration `latency` later, as from a pipeline that stalls as a whole: one that
// waits for a beat holds those on their way back. After a frame's last iteration they leave by themselves.
// Specification: the bounded simulation of shiftwire/verify/
#ifndef SHIFTWIRE_COROUTINE_H_
#define SHIFTWIRE_COROUTINE_H_

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <setjmp.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <utility>
#include <vector>

#include "sw_beat.h"

namespace sw {

static const size_t STACK_BYTES = size_t(1) << 26; // reserved, not used: pages come when touched

// An output of a unit, with the beats that are on their way to it.
struct way {
    virtual void leave(long long clock) = 0;
};

struct unit {
    const char *name;
    void (*body)();
    int latency;
    long long cycles, nanoseconds;
    bool is_done;
    const char *waits_for;
    ucontext_t context; // where it starts
    bool is_started;
    jmp_buf place; // where it waits
    long long clock;
    std::vector<way *> ways;
    void *frames[2]; // memory of its own, that of this frame first
};

// What runs now; one of each in a program of several translation units.
template <class> struct shared {
    static unit *running;
    static jmp_buf scheduler;
    static long long ticks;
    static bool has_moved;
    static bool is_watched; // whether anybody wants what passes FIFOs
};
template <class T> unit *shared<T>::running;
template <class T> jmp_buf shared<T>::scheduler;
template <class T> long long shared<T>::ticks;
template <class T> bool shared<T>::has_moved;
template <class T> bool shared<T>::is_watched;
typedef shared<void> now;

// Back to the scheduler until it comes round again. Out of line, for what is on its way is in registers elsewhere.
__attribute__((noinline, unused)) static void pause() {
    if (!_setjmp(now::running->place)) _longjmp(now::scheduler, 1);
}

// To where a unit waits, or starts, until it pauses. No signal is masked anew, for that would ask the kernel.
__attribute__((noinline, unused)) static void resume(unit &u) {
    if (_setjmp(now::scheduler)) return;
    if (u.is_started) _longjmp(u.place, 1);
    u.is_started = true;
    setcontext(&u.context);
}

inline void wait_for(const char *fifo) {
    now::running->waits_for = fifo;
    pause();
}

// The iterations of a pipeline move on by one.
inline void move_on() {
    now::running->clock++;
    for (way *each : now::running->ways) each->leave(now::running->clock);
}

inline void tick() {
    now::ticks++;
    move_on();
}

// Out of line: what few programs ask for is compiled once.
__attribute__((noinline, unused)) static void append(std::vector<char> &log, const void *bytes, size_t count) {
    log.insert(log.end(), static_cast<const char *>(bytes), static_cast<const char *>(bytes) + count);
}

// After a frame's last iteration.
inline void drained() {
    for (int i = 0; i <= now::running->latency; i++) move_on();
}

static void *allocated(void *memory) {
    if (memory && memory != MAP_FAILED) return memory;
    fprintf(stderr, "out of memory\n");
    exit(3);
}

// Memory for vectors, which lie at round addresses.
static void *room_for(size_t bytes) { return allocated(aligned_alloc(64, (bytes + 63) / 64 * 64)); }

// The running unit begins a frame, whose memory is the same for every other one.
inline void next_frame(size_t bytes) {
    void *&mine = now::running->frames[0], *&other = now::running->frames[1];
    std::swap(mine, other);
    if (!mine) mine = room_for(bytes);
}

#ifdef SHIFTWIRE_COUNT
template <class T> using view = T;
#else
// A beat where it stands in its FIFO: nothing is written there before the reader's next one. Without one, zeros.
template <class T> struct view {
    typedef typename T::value_type value_type;
    static const unsigned size = T::size;
    const T *at;

    view() : at(&nothing()) {}
    view(const T *at) : at(at) {}
    static const T &nothing() {
        static T zeros;
        return zeros;
    }
    const value_type &operator[](int lane) const { return (*at)[lane]; }
};
#endif

// Beats in the order they were written, at most `depth` of them, and the one that was read last with `kept` before it.
template <class T> class fifo_reader {
  public:
    // Out of line, as what runs once for each of many.
    __attribute__((noinline)) fifo_reader(const char *name, int depth, int kept = 0)
        : name(name), depth(depth), mask(1) {
        while (mask <= depth + kept) mask *= 2;
        ring = static_cast<T *>(room_for(mask * sizeof(T)));
        mask -= 1;
    }

    const T &next() {
        while (written == taken) wait_for(name);
        now::has_moved = true;
        return ring[taken++ & mask];
    }

    std::vector<char> *log = nullptr; // the bytes of every beat that comes in, where somebody wants them

  protected:
    const char *name;
    long long depth, mask, written = 0, taken = 0;
    T *ring;
};

template <class T> class fifo;

// Code by code, so that those that are in registers go no other way; a beat of another kind becomes one of this FIFO's.
template <class T> inline void put(T &place, const T &beat) { place = beat; }
template <class T, unsigned N> inline __attribute__((always_inline)) void put(beat<T, N> &place, const beat<T, N> &from) {
    SHIFTWIRE_UNROLL
    for (unsigned l = 0; l < N; l++) place.data[l] = from.data[l];
}

#ifdef SHIFTWIRE_COUNT
template <class T> class fifo : public fifo_reader<T> {
  public:
    using fifo_reader<T>::fifo_reader;
    const T &read() { return this->next(); }
#else
template <class T> class fifo<view<T> > : public fifo_reader<T> {
  public:
    using fifo_reader<T>::fifo_reader;
    view<T> read() { return {&this->next()}; }
};

template <class T> class fifo : public fifo<view<T> > {
  public:
    using fifo<view<T> >::fifo;
#endif

    void make_room() {
        while (this->written - this->taken == this->depth) wait_for(this->name);
    }

    template <class Beat> void write(const Beat &beat) {
        make_room();
        place(beat);
    }

    // Where there is room.
    template <class Beat> void place(const Beat &beat) {
        T &place = this->ring[this->written++ & this->mask];
        put(place, beat);
        now::has_moved = true;
        if (this->log) append(*this->log, &place, sizeof place);
    }
};

#ifdef SHIFTWIRE_COUNT
// A FIFO and what is on its way to it.
template <class T> class stream : public fifo<T>, public way {
  public:
    using fifo<T>::fifo;

    void write(const T &beat) {
        if (now::running->latency == 0) return fifo<T>::write(beat);
        if (!is_known) now::running->ways.push_back(this);
        is_known = true;
        inside.push_back({now::running->clock + now::running->latency + 1, beat});
    }

    void leave(long long clock) override {
        for (; !inside.empty() && inside.front().due <= clock; inside.pop_front()) {
            fifo<T>::write(inside.front().beat);
        }
    }

  private:
    struct leaving {
        long long due;
        T beat;
    };

    std::deque<leaving> inside;
    bool is_known = false;
};
#else
template <class T> using stream = fifo<T>;
#endif

__attribute__((noinline, unused)) static void add_unit(std::vector<unit> &units, const char *name, void (*body)(),
                                                       int latency) {
    units.push_back(unit{name, body, latency, 0, 0});
}

static void start() {
    now::running->body();
    now::running->is_done = true;
    pause();
}

static long long nanoseconds() {
    timespec since;
    clock_gettime(CLOCK_MONOTONIC, &since);
    return since.tv_sec * 1000000000LL + since.tv_nsec;
}

// Runs all units to their end; false when they wait for each other. What each unit takes of the time is asked for.
static bool run(std::vector<unit> &units, bool is_timed) {
    for (unit &u : units) {
        getcontext(&u.context);
        u.context.uc_stack.ss_sp =
            allocated(mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        u.context.uc_stack.ss_size = STACK_BYTES;
        u.context.uc_link = nullptr;
        makecontext(&u.context, start, 0);
    }
    for (bool is_done = false; !is_done;) {
        is_done = true;
        now::has_moved = false;
        for (unit &u : units) {
            if (u.is_done) continue;
            now::running = &u;
            now::ticks = 0;
            const long long start = is_timed ? nanoseconds() : 0;
            resume(u);
            if (is_timed) u.nanoseconds += nanoseconds() - start;
            u.cycles += now::ticks;
            is_done &= u.is_done;
            now::has_moved |= u.is_done;
        }
        if (!is_done && !now::has_moved) {
            printf("deadlock\n");
            for (unit &u : units) {
                if (!u.is_done) printf("unit %s waits for FIFO %s\n", u.name, u.waits_for);
            }
            return false;
        }
    }
    return true;
}

} // namespace sw

#endif
