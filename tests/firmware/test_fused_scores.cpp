// Test bench of nnet_edgeood_score.h: random vectors through the fixed-point code and through plain 64-bit integers,
// in arrays and in streams. Prints the number of mismatches; exit code 1 if there is one. Needs g++ and the
// ap_types or ac_types that hls4ml ships (tests/export/test_firmware_headers.py compiles it with sanitizers).

#include <cstdint>
#include <cstdio>
#include <random>

#include "nnet_edgeood_score.h"
#include "test_numbers.h"

namespace {

const unsigned D = 6, K = 3;

typedef vendor::ufixed<10, 3> representation_t;  // 7 fraction bits
typedef vendor::ufixed<9, 3> mean_t;             // 6
typedef vendor::ufixed<12, 5> inverse_variance_t; // 7
typedef vendor::fixed<11, 4> difference_t;       // 7, exact
typedef vendor::ufixed<15, 6> square_t;          // 9 of 14: truncated
typedef vendor::ufixed<17, 11> product_t;        // 6 of 16: truncated
typedef vendor::ufixed<20, 14> score_t;          // 6, exact

struct mahalanobis_config : nnet::diagonal_mahalanobis_config {
    static const unsigned n_in = D;
    static const unsigned n_class = K;
    typedef ::mean_t mean_t;
    typedef ::inverse_variance_t inverse_variance_t;
    typedef ::difference_t difference_t;
    typedef ::square_t square_t;
    typedef ::product_t product_t;
    typedef score_t accum_t;
};

typedef vendor::fixed<12, 4> logit_t;
typedef vendor::fixed<13, 5> max_logit_t;

struct logits_config : nnet::max_logit_config {
    static const unsigned n_class = K;
};

unsigned test_mahalanobis(std::mt19937 &random, unsigned trials) {
    unsigned wrong = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        // The first trials are the corners: everything at its lowest, then at its highest value.
        const bool lowest = trial == 0, highest = trial == 1;
        const auto draw = [&](std::int64_t most) {
            return lowest ? 0 : highest ? most : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
        };
        std::int64_t r[D], mean[K * D], inverse_variance[K * D];
        representation_t r_fixed[D];
        mean_t mean_fixed[K * D];
        inverse_variance_t inverse_variance_fixed[K * D];
        for (unsigned d = 0; d < D; d++) {
            r[d] = draw(1023);
            r_fixed[d] = from_integer<representation_t>(r[d]);
        }
        for (unsigned i = 0; i < K * D; i++) {
            mean[i] = highest ? 0 : draw(511);
            inverse_variance[i] = draw(4095);
            mean_fixed[i] = from_integer<mean_t>(mean[i]);
            inverse_variance_fixed[i] = from_integer<inverse_variance_t>(inverse_variance[i]);
        }

        std::int64_t nearest = INT64_MAX;
        for (unsigned k = 0; k < K; k++) {
            std::int64_t distance = 0;
            for (unsigned d = 0; d < D; d++) {
                const std::int64_t difference = r[d] - 2 * mean[k * D + d];
                const std::int64_t square = (difference * difference) >> 5;
                distance += (square * inverse_variance[k * D + d]) >> 10;
            }
            nearest = distance < nearest ? distance : nearest;
        }

        score_t parallel[1];
        nnet::diagonal_mahalanobis<representation_t, score_t, mahalanobis_config>(r_fixed, parallel, mean_fixed,
                                                                                  inverse_variance_fixed);
        vendor::stream<nnet::array<representation_t, D>> data;
        vendor::stream<nnet::array<score_t, 1>> result;
        nnet::array<representation_t, D> packet;
        for (unsigned d = 0; d < D; d++)
            packet[d] = r_fixed[d];
        data.write(packet);
        nnet::diagonal_mahalanobis<nnet::array<representation_t, D>, nnet::array<score_t, 1>, mahalanobis_config>(
            data, result, mean_fixed, inverse_variance_fixed);
        wrong += to_integer(parallel[0]) != nearest;
        wrong += to_integer(result.read()[0]) != nearest;
        wrong += leftover(data) + leftover(result);
    }
    return wrong;
}

unsigned test_max_logit(std::mt19937 &random, unsigned trials) {
    unsigned wrong = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        std::int64_t largest = INT64_MIN;
        logit_t logits[K];
        nnet::array<logit_t, K> packet;
        for (unsigned k = 0; k < K; k++) {
            // The first trial is the lowest logit everywhere, whose negative needs the additional bit.
            const std::int64_t logit = trial == 0 ? -2048 : static_cast<std::int64_t>(random() % 4096) - 2048;
            largest = logit > largest ? logit : largest;
            logits[k] = from_integer<logit_t>(logit);
            packet[k] = logits[k];
        }
        max_logit_t parallel[1];
        nnet::max_logit<logit_t, max_logit_t, logits_config>(logits, parallel);
        vendor::stream<nnet::array<logit_t, K>> data;
        vendor::stream<nnet::array<max_logit_t, 1>> result;
        data.write(packet);
        nnet::max_logit<nnet::array<logit_t, K>, nnet::array<max_logit_t, 1>, logits_config>(data, result);
        wrong += to_integer(parallel[0]) != -largest;
        wrong += to_integer(result.read()[0]) != -largest;
    }
    return wrong;
}

} // namespace

int main() {
    std::mt19937 random(1);
    const unsigned trials = 2000;
    const unsigned mahalanobis = test_mahalanobis(random, trials), max_logit = test_max_logit(random, trials);
    std::printf("diagonal_mahalanobis: %u mismatches in %u vectors\n", mahalanobis, trials);
    std::printf("max_logit: %u mismatches in %u vectors\n", max_logit, trials);
    return mahalanobis || max_logit ? 1 : 0;
}
