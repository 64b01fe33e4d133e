// Self-checking test bench of @PROJECT@, for C-simulation and co-simulation alike: feeds the images of
// tb_data/tb_input_features.dat to the design and compares the scores, as integers (units of the step), with
// tb_data/expected_integers.dat. Any mismatch makes the exit code 1, which Vitis reports as a failure.

#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "firmware/@PROJECT@.h"
#include "firmware/nnet_utils/nnet_helpers.h"

namespace nnet {
bool trace_enabled = false;
std::map<std::string, void *> *trace_outputs = NULL;
size_t trace_type_size = sizeof(double);
} // namespace nnet

namespace {

const std::size_t pixels = @PIXELS@;
const int fraction_bits = @FRACTION@;

template <class T> double score_of(hls::stream<T> &out) { return out.read()[0].to_double(); }
template <class T> double score_of(T *out) { return out[0].to_double(); }

} // namespace

int main() {
    using namespace @NAMESPACE@;

    std::ifstream images("tb_data/tb_input_features.dat"), expected("tb_data/expected_integers.dat");
#ifdef RTL_SIM
    std::ofstream results("tb_data/rtl_cosim_results.log");
#else
    std::ofstream results("tb_data/csim_results.log");
#endif
    if (!images || !expected) {
        std::cerr << "ERROR: tb_data/ lacks the test vectors" << std::endl;
        return 1;
    }
    unsigned vectors = 0, mismatches = 0;
    std::string line;
    std::int64_t wanted;
    while (std::getline(images, line) && expected >> wanted) {
        std::istringstream words(line);
        std::vector<double> image(pixels);
        for (std::size_t i = 0; i < pixels; i++)
            words >> image[i];

        @INPUT_DEFINITION@;
        @OUTPUT_DEFINITION@;
        nnet::copy_data<double, @INPUT_TYPE@, 0, pixels>(image, @INPUT@);
        @PROJECT@(@INPUT@, @OUTPUT@);

        const double score = std::ldexp(score_of(@OUTPUT@), fraction_bits);
        results << static_cast<std::int64_t>(score) << std::endl;
        vectors++;
        if (score != static_cast<double>(wanted)) {
            mismatches++;
            std::cerr << "vector " << vectors << ": " << score << " instead of " << wanted << std::endl;
        }
    }
    std::cout << mismatches << " mismatches in " << vectors << " vectors" << std::endl;
    return mismatches || !vectors ? 1 : 0;
}
