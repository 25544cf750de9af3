// Units of a pipeline as coroutines on FIFOs of a fixed depth: a unit runs until it must wait, then another one does.
//
// Who runs when changes no code (the units form a Kahn network), but depths do matter: when every unit waits, the
// pipeline has deadlocked, and the simulation says which FIFOs they wait for. A FIFO carries beats in the order they
// were written; an iteration of a kernel's pipelined loop counts one cycle (SHIFTWIRE_TICK), and no other latency is
// modelled.
// Specification: the bounded simulation of shiftwire/verify/
#ifndef SHIFTWIRE_COROUTINE_H_
#define SHIFTWIRE_COROUTINE_H_

#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

namespace sw {

static const size_t STACK_BYTES = size_t(1) << 26; // reserved, not used: pages come when touched

struct unit {
    const char *name;
    void (*body)();
    long long cycles;
    bool is_done;
    const char *waits_for;
    ucontext_t context;
};

static unit *running = nullptr;
static ucontext_t scheduler;
static long long ticks = 0;
static bool has_moved = false;

inline void wait_for(const char *fifo) {
    running->waits_for = fifo;
    swapcontext(&running->context, &scheduler);
}

template <class T> class stream {
  public:
    stream(const char *name, int depth) : name(name), depth(depth), mask(1) {
        while (mask < depth) mask *= 2;
        ring = static_cast<T *>(aligned_alloc(64, (mask * sizeof(T) + 63) / 64 * 64));
        mask -= 1;
    }

    void write(const T &beat) {
        while (written - taken == depth) wait_for(name);
        ring[written++ & mask] = beat;
        has_moved = true;
        if (log) log->push_back(beat);
    }

    // The beat stays where it is until the writer comes round again, which cannot happen while the reader runs.
    const T &read() {
        while (written == taken) wait_for(name);
        has_moved = true;
        return ring[taken++ & mask];
    }

    std::vector<T> *log = nullptr;

  private:
    const char *name;
    long long depth, mask, written = 0, taken = 0;
    T *ring;
};

static void start() {
    running->body();
    running->is_done = true;
    swapcontext(&running->context, &scheduler);
}

// Runs all units to their end; false when they wait for each other.
static bool run(std::vector<unit> &units) {
    for (unit &u : units) {
        getcontext(&u.context);
        u.context.uc_stack.ss_sp =
            mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        u.context.uc_stack.ss_size = STACK_BYTES;
        u.context.uc_link = nullptr;
        makecontext(&u.context, start, 0);
    }
    for (bool is_done = false; !is_done;) {
        is_done = true;
        has_moved = false;
        for (unit &u : units) {
            if (u.is_done) continue;
            running = &u;
            ticks = 0;
            swapcontext(&scheduler, &u.context);
            u.cycles += ticks;
            is_done &= u.is_done;
            has_moved |= u.is_done;
        }
        if (!is_done && !has_moved) {
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
