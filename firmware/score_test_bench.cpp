// Self-checking test bench of @PROJECT@, for C-simulation and co-simulation alike: feeds the jets of
// tb_data/tb_input_features.dat to the design and compares the scores, as integers (units of the step), with
// tb_data/expected_integers.dat. It ends at the first mismatch with exit code 1, which the HLS tool reports as a
// failure.

#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "firmware/@PROJECT@.h"
#include "firmware/nnet_utils/nnet_helpers.h"

namespace nnet {
bool trace_enabled = false;
std::map<std::string, void *> *trace_outputs = NULL;
size_t trace_type_size = sizeof(double);
} // namespace nnet

namespace {

const std::size_t inputs = @INPUTS@;
const int fraction_bits = @FRACTION@;

template <class T> double score_of(hls::stream<T> &out) { return out.read()[0].to_double(); }
template <class T> double score_of(T *out) { return out[0].to_double(); }

} // namespace

int main() {
    using namespace @NAMESPACE@;

    std::ifstream jets("tb_data/tb_input_features.dat"), expected("tb_data/expected_integers.dat");
#ifdef RTL_SIM
    std::ofstream results("tb_data/rtl_cosim_results.log");
#else
    std::ofstream results("tb_data/csim_results.log");
#endif
    unsigned vectors = 0;
    std::string line;
    std::int64_t wanted;
    while (std::getline(jets, line)) {
        vectors++;
        std::istringstream words(line);
        std::vector<double> jet(inputs);
        for (std::size_t i = 0; i < inputs; i++)
            words >> jet[i];
        if (!words || !(expected >> wanted)) {
            std::cerr << "ERROR: vector " << vectors << " of tb_data/ is incomplete" << std::endl;
            return 1;
        }

        @INPUT_DEFINITION@;
        @OUTPUT_DEFINITION@;
        nnet::copy_data<double, @INPUT_TYPE@, 0, inputs>(jet, @INPUT@);
        @PROJECT@(@INPUT@, @OUTPUT@);

        const double score = std::ldexp(score_of(@OUTPUT@), fraction_bits);
        results << static_cast<std::int64_t>(score) << std::endl;
        if (score != static_cast<double>(wanted)) {
            std::cerr << "ERROR: vector " << vectors << ": " << score << " instead of " << wanted << std::endl;
            return 1;
        }
    }
    if (!vectors) {
        std::cerr << "ERROR: tb_data/ lacks the test vectors" << std::endl;
        return 1;
    }
    std::cout << "0 mismatches in " << vectors << " vectors" << std::endl;
    return 0;
}
