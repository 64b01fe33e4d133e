// Many jets, LANES at a time.
//
// Part of edgeood, Apache-2.0.

#ifndef EDGEOOD_CPU_BATCHES_H_
#define EDGEOOD_CPU_BATCHES_H_

#include <algorithm>
#include <limits>
#include <new>

#include "entry.h"
#include "lanes.h"
#include "scores.h"

namespace edgeood {

// The scores of `jets` rows of NETWORK::entry::size inputs; false if there is no memory. A jet whose inputs hold NaN
// has the score NaN. NETWORK: entry, step, and a member `Long integers()` that computes from its member `entered`.
// Nothing is shared between calls, so threads may call it side by side.
template <class NETWORK> bool score_batches(const float *inputs, double *scores, int64_t jets) {
    NETWORK *const network = new (std::nothrow) NETWORK;
    if (!network)
        return false;
    for (int64_t start = 0; start < jets; start += LANES) {
        const float *rows[LANES];
        bool bad[LANES];
        // Lanes without a jet repeat the last one.
        for (int lane = 0; lane < LANES; lane++)
            rows[lane] = inputs + std::min(start + lane, jets - 1) * NETWORK::entry::size;
        entry<typename NETWORK::entry>(rows, network->entered, bad);
        const Long integers = network->integers();
        for (int lane = 0; lane < LANES && start + lane < jets; lane++)
            scores[start + lane] = bad[lane] ? std::numeric_limits<double>::quiet_NaN() : integers[lane] * NETWORK::step;
    }
    delete network;
    return true;
}

} // namespace edgeood

#endif
