// Self-checking test bench of @PROJECT@, for C-simulation and co-simulation alike: feeds the jets of
// tb_data/tb_input_features.dat to the design and compares the scores, as integers (units of the step), with
// tb_data/expected_integers.dat. An argument names the project's folder, if another one is current. It ends at the first mismatch with exit code 1, which the HLS tool reports as a
// failure.

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
    std::int64_t wanted;
    while (std::getline(jets, line)) {
        vectors++;
        std::vector<double> jet(inputs);
        if (!read_numbers(line, jet) || !(expected >> wanted)) {
            std::cerr << "ERROR: vector " << vectors << " of tb_data/ is incomplete" << std::endl;
            @RETURN@(1);
        }

        @DESIGN@

        const double score = std::ldexp(@SCORE@.to_double(), fraction_bits);
        results << static_cast<std::int64_t>(score) << std::endl;
        if (score != static_cast<double>(wanted)) {
            std::cerr << "ERROR: vector " << vectors << ": " << score << " instead of " << wanted << std::endl;
            @RETURN@(1);
        }
    }
    if (!vectors) {
        std::cerr << "ERROR: tb_data/ lacks the test vectors" << std::endl;
        @RETURN@(1);
    }
    std::cout << "0 mismatches in " << vectors << " vectors" << std::endl;
    @RETURN@(0);
}
