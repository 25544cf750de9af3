// Co-simulation of networks in Verilator: feeds frames, stalls both sides at random, logs every beat of every stream.
// The generated driver lists the networks; shiftwire/verify/ writes it and reads what this writes.
#ifndef SHIFTWIRE_COSIM_H_
#define SHIFTWIRE_COSIM_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace sw {

// One stream of a network as the bench shows it: bit `at` of valids and readys, a held count, and where its codes stand
// in the taps, in words of 32 bits; -1 for a stream that is not tapped.
struct stream {
    const char *name;
    int tap;
    int words;
};

// Ports of one network, all as arrays of 32-bit words.
struct network {
    const char *name;
    uint8_t *rst, *s_valid, *m_ready;
    const uint8_t *s_ready, *m_valid;
    uint32_t *s_data;
    const uint32_t *valids, *readys, *helds, *taps;
    int words_in, beats_in, beats_out, patience;
    std::vector<stream> streams;
};

struct options {
    long frames;       // to simulate
    int stall;         // of 1000 cycles, those in which a side stalls
    long reset_frames; // frames between two resets, 0 for none
    long reset_cycle;  // cycle of a reset in the midst of work, after which all begins anew, 0 for none
    uint32_t seed;
    bool taps;         // whether to log codes
};

// Log of a stream: cycles in which a beat left its buffer, the codes, and the most beats held.
struct log {
    std::vector<uint32_t> cycles, codes;
    uint32_t most = 0;
};

class dice {
  public:
    explicit dice(uint32_t seed) : state(seed * 2654435761u | 1u) {}
    bool stalls(int per_mille) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return int(state % 1000u) < per_mille;
    }

  private:
    uint32_t state;
};

// Drives one network; the caller toggles the clock of all.
class driver {
  public:
    driver(network &net, const options &wanted, const uint32_t *frames)
        : net(net), wanted(wanted), frames(frames), roll(wanted.seed), logs(net.streams.size()) {}

    // rows of an image that no window reads may still be on their way when the last output has left
    bool done() const { return gone_out == wanted.frames * net.beats_out && idle > drained; }
    bool stuck() const { return !done() && idle > net.patience; }

    long frames_out() const { return gone_out / net.beats_out; }

    // Inputs of this cycle, before the clock edge.
    void set(long cycle) {
        const bool at_reset = wanted.reset_cycle > 0 && cycle == wanted.reset_cycle;
        if (at_reset) {
            gone_in = gone_out = 0;
            for (log &l : logs) l = log();
        }
        const long batch = wanted.reset_frames > 0 ? wanted.reset_frames : wanted.frames;
        const bool between = batches + 1 < batch_count(batch) && gone_out == (batches + 1) * batch * net.beats_out && idle > drained;
        if (between) batches++;
        *net.rst = cycle < 2 || at_reset || between;
        const bool has_more = gone_in < wanted.frames * net.beats_in && gone_in < (batches + 1) * batch * net.beats_in;
        if (*net.rst) offered = false;
        else if (!offered) offered = has_more && !roll.stalls(wanted.stall);
        *net.s_valid = offered;
        *net.m_ready = !*net.rst && !roll.stalls(wanted.stall);
        for (int w = 0; w < net.words_in; w++) net.s_data[w] = offered ? frames[gone_in * net.words_in + w] : 0xdeadbeefu;
    }

    // What the edge that follows will transfer.
    void watch(long cycle) {
        if (*net.rst) return;
        idle++;
        if (*net.s_valid && *net.s_ready) {
            gone_in++;
            offered = false;
            idle = 0;
        }
        for (size_t at = 0; at < logs.size(); at++) {
            logs[at].most = net.helds[at] > logs[at].most ? net.helds[at] : logs[at].most;
            if (!(net.valids[at / 32] >> (at % 32) & net.readys[at / 32] >> (at % 32) & 1u)) continue;
            idle = 0;
            logs[at].cycles.push_back(uint32_t(cycle));
            const stream &s = net.streams[at];
            if (wanted.taps && s.tap >= 0)
                logs[at].codes.insert(logs[at].codes.end(), net.taps + s.tap, net.taps + s.tap + s.words);
        }
        if (*net.m_valid && *net.m_ready) gone_out++;
    }

    void report_deadlock(long cycle) const {
        printf("deadlock of %s after cycle %ld: %ld beats in, %ld out\n", net.name, cycle - net.patience, gone_in, gone_out);
        for (size_t at = 0; at < logs.size(); at++)
            printf("  stream %s: valid %u, ready %u, holds %u, %zu beats gone\n", net.streams[at].name,
                   net.valids[at / 32] >> (at % 32) & 1u, net.readys[at / 32] >> (at % 32) & 1u, net.helds[at],
                   logs[at].cycles.size());
    }

    // For each stream: beats, most held, words of codes; then the cycles, then the codes.
    bool write(FILE *out) const {
        for (const log &l : logs) {
            const uint32_t head[3] = {uint32_t(l.cycles.size()), l.most, uint32_t(l.codes.size())};
            if (fwrite(head, 4, 3, out) != 3) return false;
            if (fwrite(l.cycles.data(), 4, l.cycles.size(), out) != l.cycles.size()) return false;
            if (fwrite(l.codes.data(), 4, l.codes.size(), out) != l.codes.size()) return false;
        }
        return true;
    }

  private:
    static const long drained = 100;

    long batch_count(long batch) const { return (wanted.frames + batch - 1) / batch; }

    network &net;
    const options &wanted;
    const uint32_t *frames;
    dice roll;
    std::vector<log> logs;
    long gone_in = 0, gone_out = 0, batches = 0, idle = 0;
    bool offered = false;
};

// Usage: program FRAMES STALL RESET_FRAMES RESET_CYCLE SEED TAPS INPUT OUTPUT. The input holds the beats of all frames of
// the first network, then of the second ...; 3 for a deadlock, 2 for bad arguments or files.
template <class Top, class Tick> int run(int argc, char **argv, std::vector<network> &nets, Tick tick) {
    if (argc != 9) return 2;
    const options wanted = {atol(argv[1]), atoi(argv[2]), atol(argv[3]), atol(argv[4]), uint32_t(atol(argv[5])), atoi(argv[6]) != 0};
    FILE *in = fopen(argv[7], "rb");
    if (!in) return 2;
    std::vector<std::vector<uint32_t> > beats(nets.size());
    std::vector<driver> drivers;
    for (size_t n = 0; n < nets.size(); n++) {
        beats[n].resize(size_t(wanted.frames) * nets[n].beats_in * nets[n].words_in);
        if (fread(beats[n].data(), 4, beats[n].size(), in) != beats[n].size()) return 2;
        drivers.emplace_back(nets[n], wanted, beats[n].data());
    }
    fclose(in);
    long cycle = 0, told = 0;
    for (bool busy = true; busy; cycle++) {
        busy = false;
        for (driver &d : drivers) d.set(cycle);
        tick(0, cycle);
        for (driver &d : drivers) {
            d.watch(cycle);
            if (d.stuck()) {
                d.report_deadlock(cycle);
                return 3;
            }
        }
        tick(1, cycle);
        for (driver &d : drivers) busy |= !d.done();
        if (drivers[0].frames_out() > told) {
            told = drivers[0].frames_out();
            printf("frame %ld\n", told);
            fflush(stdout);
        }
    }
    FILE *out = fopen(argv[8], "wb");
    if (!out) return 2;
    for (const driver &d : drivers)
        if (!d.write(out)) return 2;
    printf("%ld cycles\n", cycle);
    return fclose(out) ? 2 : 0;
}

} // namespace sw

#endif
