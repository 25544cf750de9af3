// Plays a script against the AXI ports of a shiftwire_top, with random stalls on every channel.
// Lines of the script: stall P_IN P_OUT P_LITE (percent) | post ADDRESS DATA STROBES | answers WRITES | ask ADDRESS |
// replies READS | word HEX KEEP LAST (queued, sent beside everything else) | receive WORDS | wait CYCLES | drop (empty
// the queue, as a DMA's reset does) | sent (until the queue is empty) | resetting 0 or 1 (M_AXIS may take words back).
// Answers: "write RESP", "read DATA RESP", "word HEX KEEP LAST CYCLE", "sent CYCLE...".
// Exit status 2: nothing moved for a long time; 3: a channel took back what it had offered.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

typedef std::vector<uint8_t> Bytes;
static const int PATIENCE = 20000;

template <class T> void put(T &port, const Bytes &bytes) {
    memset(&port, 0, sizeof port);
    memcpy(&port, bytes.data(), bytes.size());
}

template <class T> Bytes got(const T &port, size_t size) {
    Bytes bytes(size);
    memcpy(bytes.data(), &port, size);
    return bytes;
}

static Bytes parsed(const std::string &hex) {
    Bytes bytes(hex.size() / 2);
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = std::stoi(hex.substr(2 * i, 2), nullptr, 16);
    return bytes;
}

static std::string spelled(const Bytes &bytes) {
    std::string text;
    char two[3];
    for (uint8_t byte : bytes) {
        snprintf(two, sizeof two, "%02x", byte);
        text += two;
    }
    return text;
}

struct Word {
    Bytes data;
    uint64_t keep;
    bool last;
};

struct Bench {
    VerilatedContext context;
    std::unique_ptr<Vtop> top;
    std::mt19937 random;
    int stall_in = 0, stall_out = 0, stall_lite = 0;
    size_t out_bytes;
    long cycle = 0;
    std::deque<Word> queue;
    std::deque<std::string> arrived;
    std::string taken_at;
    bool offered = false, held_out = false;
    std::string held_word;
    bool aw = false, w = false, ar = false, resetting = false;
    int complete = 0;
    std::deque<int> responses;
    std::deque<std::string> replies;

    Bench(unsigned seed, size_t out_bytes, int pick) : random(seed), out_bytes(out_bytes) {
        context.randReset(2);
        context.randSeed(seed + 1);
        top.reset(new Vtop(&context));
        top->pick = pick;
        top->aresetn = 0;
        for (int i = 0; i < 4; i++) tick();
        top->aresetn = 1;
    }

    bool chance(int percent) { return int(random() % 100) < percent; }

    void drive() {
        if (!offered && !queue.empty() && !chance(stall_in)) {
            offered = true;
            put(top->s_axis_tdata, queue.front().data);
            top->s_axis_tkeep = queue.front().keep;
            top->s_axis_tlast = queue.front().last;
        }
        top->s_axis_tvalid = offered;
        top->m_axis_tready = !chance(stall_out);
        // a master that has begun to offer an address or data must go on
        top->s_axi_awvalid = aw && (top->s_axi_awvalid || !chance(stall_lite));
        top->s_axi_wvalid = w && (top->s_axi_wvalid || !chance(stall_lite));
        top->s_axi_arvalid = ar && (top->s_axi_arvalid || !chance(stall_lite));
        top->s_axi_bready = !chance(stall_lite);
        top->s_axi_rready = !chance(stall_lite);
    }

    void check_out() {
        char rest[64];
        const uint64_t ones = out_bytes == 64 ? ~0ull : (1ull << out_bytes) - 1;
        snprintf(rest, sizeof rest, " %llx %d", (unsigned long long)(top->m_axis_tkeep & ones), int(top->m_axis_tlast));
        const std::string word = spelled(got(top->m_axis_tdata, out_bytes)) + rest;
        const bool kept = top->m_axis_tvalid && word == held_word;
        if (held_out && !kept && !resetting) {
            std::cerr << "M_AXIS took back " << held_word << " in cycle " << cycle << std::endl;
            exit(3);
        }
        held_out = top->m_axis_tvalid && !top->m_axis_tready;
        held_word = word;
        if (top->m_axis_tvalid && top->m_axis_tready) arrived.push_back(word + " " + std::to_string(cycle));
    }

    void check_lite() {
        const bool open = aw || w;
        if (top->s_axi_bvalid && complete == 0) {
            std::cerr << "a write was answered before address and data were there" << std::endl;
            exit(3);
        }
        if (top->s_axi_awvalid && top->s_axi_awready) aw = false;
        if (top->s_axi_wvalid && top->s_axi_wready) w = false;
        complete += open && !aw && !w;
        if (top->s_axi_arvalid && top->s_axi_arready) ar = false;
        if (top->s_axi_bvalid && top->s_axi_bready) {
            responses.push_back(top->s_axi_bresp);
            complete--;
        }
        if (top->s_axi_rvalid && top->s_axi_rready) {
            char text[32];
            snprintf(text, sizeof text, "%08x %d", top->s_axi_rdata, int(top->s_axi_rresp));
            replies.push_back(text);
        }
    }

    void tick() {
        top->aclk = 0;
        drive();
        // an offer may not wait for the receiver
        top->m_axis_tready = !top->m_axis_tready;
        top->eval();
        const bool offer = top->m_axis_tvalid;
        top->m_axis_tready = !top->m_axis_tready;
        top->eval();
        if (top->aresetn && offer != top->m_axis_tvalid) {
            std::cerr << "TVALID of M_AXIS hangs on TREADY" << std::endl;
            exit(3);
        }
        const bool taken = offered && top->s_axis_tready;
        if (top->aresetn) {
            check_out();
            check_lite();
        }
        top->aclk = 1;
        top->eval();
        if (taken) {
            queue.pop_front();
            offered = false;
            taken_at += " " + std::to_string(cycle);
        }
        cycle++;
    }

    template <class Done> void until(Done done, const char *what) {
        for (int i = 0; !done(); i++) {
            if (i == PATIENCE) {
                std::cerr << "nothing came of: " << what << std::endl;
                exit(2);
            }
            tick();
        }
    }

    void post(uint32_t address, uint32_t data, int strobes) {
        top->s_axi_awaddr = address;
        top->s_axi_wdata = data;
        top->s_axi_wstrb = strobes;
        aw = w = true;
        until([&] { return !aw && !w; }, "post");
    }

    void answers(int writes) {
        for (int i = 0; i < writes; i++) {
            until([&] { return !responses.empty(); }, "answers");
            std::cout << "write " << responses.front() << "\n";
            responses.pop_front();
        }
    }

    void ask(uint32_t address) {
        top->s_axi_araddr = address;
        ar = true;
        until([&] { return !ar; }, "ask");
    }

    void tell(int reads) {
        for (int i = 0; i < reads; i++) {
            until([&] { return !replies.empty(); }, "replies");
            std::cout << "read " << replies.front() << "\n";
            replies.pop_front();
        }
    }

    void receive(size_t words) {
        for (size_t i = 0; i < words; i++) {
            until([&] { return !arrived.empty(); }, "receive");
            std::cout << "word " << arrived.front() << "\n";
            arrived.pop_front();
        }
    }

    void play(const std::string &line) {
        std::istringstream words(line);
        std::string verb, hex;
        words >> verb >> std::hex;
        uint32_t address, data;
        int strobes, cycles;
        Word word;
        if (verb == "stall") words >> std::dec >> stall_in >> stall_out >> stall_lite;
        else if (verb == "post" && words >> address >> data >> strobes) post(address, data, strobes);
        else if (verb == "answers" && words >> std::dec >> cycles) answers(cycles);
        else if (verb == "ask" && words >> address) ask(address);
        else if (verb == "replies" && words >> std::dec >> cycles) tell(cycles);
        else if (verb == "word" && words >> hex >> word.keep >> word.last) {
            word.data = parsed(hex);
            queue.push_back(word);
        } else if (verb == "receive" && words >> std::dec >> cycles) receive(cycles);
        else if (verb == "wait" && words >> std::dec >> cycles) while (cycles--) tick();
        else if (verb == "resetting" && words >> strobes) resetting = strobes;
        else if (verb == "sent") {
            until([&] { return queue.empty(); }, "sent");
            std::cout << "sent" << taken_at << "\n";
            taken_at.clear();
        }
        else if (verb == "drop") {
            queue.clear();
            arrived.clear();
            offered = false;
        } else {
            std::cerr << "no such line: " << line << std::endl;
            exit(4);
        }
    }
};

int main(int argc, char **argv) {
    if (argc != 5) return 4;
    std::ifstream script(argv[1]);
    Bench bench(std::stoi(argv[2]), std::stoi(argv[3]), std::stoi(argv[4]));
    for (std::string line; std::getline(script, line);) bench.play(line);
    std::cout << "cycle " << bench.cycle << " left " << bench.arrived.size() << std::endl;
}
