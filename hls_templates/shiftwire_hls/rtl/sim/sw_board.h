// A board around a shiftwire_top: an AXI4-Lite master and the two channels of a DMA, moved cycle by cycle on request.
// Specification: boards/shiftwire_boards/sim/program.py, which speaks with it over stdin and stdout: little-endian
// requests of an opcode, two 32-bit numbers and a payload.
#ifndef SW_BOARD_H_
#define SW_BOARD_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "verilated.h"

namespace sw_board {

typedef std::vector<uint8_t> Bytes;

static const int RESET_CYCLES = 16;
static const int LITE_PATIENCE = 10000;

enum Fault { NO_TLAST = 1, SEND_STUCK = 2, RECEIVE_STUCK = 4, FLIP_BIT = 8, LITE_STUCK = 16, EARLY_TLAST = 32 };
enum Event { SENT = 1, RECEIVED = 2, OVERRUN = 4 };

template <class Top, int IN_BYTES, int OUT_BYTES> class Board {
    VerilatedContext context;
    std::unique_ptr<Top> top;
    std::mt19937 random;
    uint64_t cycle = 0;
    Bytes sending, received;
    size_t sent = 0, capacity = 0;
    bool is_sending = false, is_receiving = false, is_overrun = false, is_offered = false;
    uint32_t stall_percent = 0, faults = 0;

    template <class T> static void put(T &port, const uint8_t *from, size_t size) {
        memset(&port, 0, sizeof port);
        memcpy(&port, from, size);
    }

    bool stalls() { return stall_percent && random() % 100 < stall_percent; }

    void drive() {
        // what has been offered stays until it is taken
        if (is_sending && !is_offered && !(faults & SEND_STUCK) && !stalls()) {
            put(top->s_axis_tdata, &sending[sent], IN_BYTES);
            const size_t early = faults & EARLY_TLAST ? IN_BYTES : 0;
            top->s_axis_tlast = sent + IN_BYTES + early >= sending.size();
            is_offered = true;
        }
        top->s_axis_tvalid = is_offered;
        top->s_axis_tkeep = ~0ull >> (64 - IN_BYTES);
        top->m_axis_tready = is_receiving && !(faults & RECEIVE_STUCK) && !stalls();
    }

    void take() {
        if (received.size() + OUT_BYTES > capacity) {
            is_overrun = true;
            is_receiving = false;
            return;
        }
        Bytes word(OUT_BYTES);
        memcpy(word.data(), &top->m_axis_tdata, OUT_BYTES);
        if (faults & FLIP_BIT) word[0] ^= 1;
        received.insert(received.end(), word.begin(), word.end());
        if (top->m_axis_tlast && !(faults & NO_TLAST)) is_receiving = false;
    }

    void tick() {
        top->aclk = 0;
        drive();
        top->eval();
        const bool taken = is_offered && top->s_axis_tready && top->aresetn;
        if (top->m_axis_tvalid && top->m_axis_tready && top->aresetn) take();
        top->aclk = 1;
        top->eval();
        if (taken) {
            is_offered = false;
            sent += IN_BYTES;
            if (sent >= sending.size()) is_sending = false;
        }
        cycle++;
    }

    uint32_t write(uint32_t address, uint32_t data) {
        if (faults & LITE_STUCK) return ~0u;
        top->s_axi_awaddr = address;
        top->s_axi_wdata = data;
        top->s_axi_wstrb = 15;
        top->s_axi_awvalid = top->s_axi_wvalid = 1;
        top->s_axi_bready = 1;
        for (int i = 0; i < LITE_PATIENCE; i++) {
            top->eval();
            const bool address_taken = top->s_axi_awvalid && top->s_axi_awready;
            const bool data_taken = top->s_axi_wvalid && top->s_axi_wready;
            const bool answered = top->s_axi_bvalid;
            const uint32_t response = top->s_axi_bresp;
            tick();
            if (address_taken) top->s_axi_awvalid = 0;
            if (data_taken) top->s_axi_wvalid = 0;
            if (answered) return response;
        }
        return ~0u;
    }

    uint32_t read(uint32_t address, uint32_t &data) {
        if (faults & LITE_STUCK) return ~0u;
        top->s_axi_araddr = address;
        top->s_axi_arvalid = 1;
        top->s_axi_rready = 1;
        for (int i = 0; i < LITE_PATIENCE; i++) {
            top->eval();
            const bool taken = top->s_axi_arvalid && top->s_axi_arready;
            const bool answered = top->s_axi_rvalid;
            const uint32_t response = top->s_axi_rresp;
            data = top->s_axi_rdata;
            tick();
            if (taken) top->s_axi_arvalid = 0;
            if (answered) return response;
        }
        return ~0u;
    }

    void reset_channels() {
        is_sending = is_receiving = is_overrun = is_offered = false;
        sending.clear();
        received.clear();
        sent = 0;
    }

    void reset() {
        reset_channels();
        faults = 0;
        top->aresetn = 0;
        top->s_axi_awvalid = top->s_axi_wvalid = top->s_axi_arvalid = 0;
        for (int i = 0; i < RESET_CYCLES; i++) tick();
        top->aresetn = 1;
        tick();
    }

    uint32_t step(uint32_t most) {
        const bool was_sending = is_sending, was_receiving = is_receiving;
        for (uint32_t i = 0; i < most; i++) {
            tick();
            if (was_sending != is_sending || was_receiving != is_receiving) break;
        }
        return (is_sending ? 0 : SENT) | (is_receiving || is_overrun ? 0 : RECEIVED) | (is_overrun ? OVERRUN : 0);
    }

    static bool get(void *to, size_t size) { return fread(to, 1, size, stdin) == size; }

    template <class T> static void say(const T &value) { fwrite(&value, 1, sizeof value, stdout); }

  public:
    Board() : random(1) {
        context.randReset(2);
        context.randSeed(1);
        top.reset(new Top(&context));
        reset();
    }

    // Answers requests until stdin ends.
    int serve() {
        uint8_t verb;
        uint32_t a, b;
        while (get(&verb, 1) && get(&a, 4) && get(&b, 4)) {
            uint32_t data = 0;
            if (verb == 'w') say(write(a, b));
            else if (verb == 'r') {
                say(read(a, data));
                say(data);
            } else if (verb == 's') {
                sending.resize(a);
                if (!get(sending.data(), a)) return 1;
                sent = 0;
                is_sending = true;
            } else if (verb == 'd') {
                received.clear();
                capacity = a;
                is_receiving = true;
            } else if (verb == 'k') {
                say(step(a));
                say(cycle);
                say(uint32_t(received.size()));
            } else if (verb == 'g') {
                fwrite(received.data(), 1, received.size(), stdout);
            } else if (verb == 'c') reset_channels();
            else if (verb == 'R') reset();
            else if (verb == 'f') faults = a;
            else if (verb == 't') {
                stall_percent = a;
                random.seed(b);
            } else return 1;
            fflush(stdout);
        }
        return 0;
    }
};

}  // namespace sw_board

#endif
