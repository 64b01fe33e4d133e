// Decisions on many jets: score > threshold(mass), the thresholds in a table whose places are the mass words.
//
// Part of edgeood, Apache-2.0.

#ifndef EDGEOOD_CPU_DECISION_H_
#define EDGEOOD_CPU_DECISION_H_

#include <cmath>
#include <cstdint>

#include "batches.h"

namespace edgeood {

// As score_batches; `masses` (jets) in GeV, `decisions` (jets) 1 for an anomalous jet. DECISION: scale (1 / step of the
// mass word, a power of two), highest (word), thresholds (in units of the score's step). A jet without a score is not
// anomalous.
template <class NETWORK, class DECISION>
bool decide_batches(const float *inputs, const float *masses, double *scores, uint8_t *decisions, int64_t jets) {
    if (!score_batches<NETWORK>(inputs, scores, jets))
        return false;
    for (int64_t i = 0; i < jets; i++) {
        const float steps = std::nearbyint(masses[i] * DECISION::scale); // half to even
        const int word = steps > 0 ? static_cast<int>(std::fmin(steps, static_cast<float>(DECISION::highest))) : 0;
        decisions[i] = scores[i] > DECISION::thresholds[word] * NETWORK::step;
    }
    return true;
}

} // namespace edgeood

#endif
