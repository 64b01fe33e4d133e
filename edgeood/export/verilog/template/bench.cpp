// Test bench of @TOP@ for Verilator: feeds words clock by clock and writes or compares what comes out.
//
//     bench [STIMULUS [EXPECTED]]
//
// STIMULUS (default: standard input) has a line for each clock: valid, reset, in_data and in_mass in hexadecimal.
// Without EXPECTED, each result is a line on standard output: the clock at which it can be read, its integer score and
// its decision. With EXPECTED, lines of score and decision, the bench says how many differ, and ends with 1 if any does.

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "V@TOP@.h"
#include "verilated.h"

namespace {

constexpr int latency = @LATENCY@, score_bits = @SCOREBITS@;
constexpr bool is_signed = @SIGNED@;

// Ports are little-endian words of whatever size they need.
template <class Port> void set(Port &port, const std::string &hex) {
    std::vector<uint8_t> bytes(sizeof(Port));
    for (size_t digit = 0; digit < hex.size() && digit / 2 < bytes.size(); digit++) {
        const char c = hex[hex.size() - 1 - digit];
        const int value = c <= '9' ? c - '0' : c - 'a' + 10;
        bytes[digit / 2] |= value << 4 * (digit % 2);
    }
    std::memcpy(&port, bytes.data(), sizeof(Port));
}

int64_t score_of(uint64_t word) {
    const int unused = 64 - score_bits;
    return is_signed ? static_cast<int64_t>(word << unused) >> unused : static_cast<int64_t>(word);
}

} // namespace

int main(int argc, char **argv) {
    std::ios::sync_with_stdio(false);
    std::ifstream stimulus, expected;
    if (argc > 1)
        stimulus.open(argv[1]);
    if (argc > 2)
        expected.open(argv[2]);
    if (!stimulus || !expected) {
        std::cerr << "bench: cannot read " << (stimulus ? argv[2] : argv[1]) << "\n";
        return 2;
    }
    std::istream &input = argc > 1 ? stimulus : std::cin;
    VerilatedContext context;
    V@TOP@ top{&context};
    long clock = 0, results = 0, wrong = 0, first = -1, delay = 0;
    const auto tick = [&](int valid, int reset, const std::string &data, const std::string &mass) {
        top.in_valid = valid;
        top.rst = reset;
        set(top.in_data, data);
        @SETMASS@
        if (valid && !reset && first < 0)
            first = clock;
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
        clock++;
        if (!top.out_valid)
            return;
        if (results++ == 0)
            delay = clock - first;
        const int64_t score = score_of(top.out_score);
        const int decision = top.out_anomalous;
        if (argc > 2) {
            int64_t wanted = 0;
            int wanted_decision = 0;
            if (!(expected >> wanted >> wanted_decision) || wanted != score || wanted_decision != decision)
                wrong++;
        } else {
            std::cout << clock << " " << score << " " << decision << "\n";
        }
    };
    tick(0, 1, "0", "0");
    clock = 0;
    int valid = 0, reset = 0;
    std::string data, mass;
    while (input >> valid >> reset >> data >> mass)
        tick(valid, reset, data, mass);
    for (int i = 0; i < latency; i++)
        tick(0, 0, "0", "0");
    if (argc > 2) {
        int64_t left = 0;
        int left_decision = 0;
        while (expected >> left >> left_decision)
            wrong++;
        std::cout << results << " results, " << wrong << " wrong, the first after " << delay << " clocks\n";
    }
    top.final();
    return wrong ? 1 : 0;
}
