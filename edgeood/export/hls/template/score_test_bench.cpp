// Self-checking test bench of @PROJECT@, for C-simulation and co-simulation alike: feeds the jets of
// tb_data/tb_input_features.dat to the design and compares the scores, as integers (units of the step), with
// tb_data/expected_integers.dat, and so the decisions of a design that reads the jet's mass (the last number of a line).
// An argument names the project's folder, if another one is current. It ends at the first mismatch with exit code 1,
// which the HLS tool reports as a failure.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "firmware/@PROJECT@.h"
#include "firmware/nnet_utils/nnet_helpers.h"
@INCLUDES@
namespace nnet {
bool trace_enabled = false;
std::map<std::string, void *> *trace_outputs = NULL;
size_t trace_type_size = sizeof(double);
} // namespace nnet

namespace {

const std::size_t inputs = @INPUTS@;
const std::size_t masses = @MASSES@;
const int fraction_bits = @FRACTION@;

// Numbers from a line of text, without string streams, which Intel's co-simulation lacks; false if the line has fewer.
bool read_numbers(const std::string &line, std::vector<double> &numbers) {
    const char *rest = line.c_str();
    for (double &number : numbers) {
        char *end;
        number = std::strtod(rest, &end);
        if (end == rest)
            return false;
        rest = end;
    }
    return true;
}

} // namespace

@MAIN@ {
@USING@    const std::string folder = argc > 1 ? argv[1] + std::string("/tb_data/") : "tb_data/";
    std::ifstream jets(folder + "tb_input_features.dat"), expected(folder + "expected_integers.dat");
#ifdef RTL_SIM
    std::ofstream results(folder + "rtl_cosim_results.log");
#else
    std::ofstream results(folder + "csim_results.log");
#endif
    unsigned vectors = 0;
    std::string line;
    std::int64_t wanted, decision = 0;
    while (std::getline(jets, line)) {
        vectors++;
        std::vector<double> jet(inputs + masses);
        if (!read_numbers(line, jet) || !(expected >> wanted) || (masses && !(expected >> decision))) {
            std::cerr << "ERROR: vector " << vectors << " of tb_data/ is incomplete" << std::endl;
            @RETURN@(1);
        }

        std::vector<double> of_jet(jet.begin() + inputs, jet.end()); // its mass
        jet.resize(inputs);

        @DESIGN@

        const std::int64_t wants[] = {wanted, decision};
        for (std::size_t i = 0; i < 1 + masses; i++) {
            const double found = std::ldexp(@RESULT@[i].to_double(), fraction_bits);
            results << static_cast<std::int64_t>(found) << (i < masses ? " " : "\n");
            if (found != static_cast<double>(wants[i])) {
                std::cerr << "ERROR: vector " << vectors << ": " << found << " instead of " << wants[i] << std::endl;
                @RETURN@(1);
            }
        }
    }
    if (!vectors) {
        std::cerr << "ERROR: tb_data/ lacks the test vectors" << std::endl;
        @RETURN@(1);
    }
    std::cout << "0 mismatches in " << vectors << " vectors" << std::endl;
    @RETURN@(0);
}
