// Fused anomaly scores of LANES jets, as integers in units of the score's step.
//
// Part of edgeood, Apache-2.0. 64-bit numbers throughout: scores are a thousandth of the work.

#ifndef EDGEOOD_CPU_SCORES_H_
#define EDGEOOD_CPU_SCORES_H_

#include "lanes.h"

namespace edgeood {

typedef Lanes<int64_t> Long;

// -max_k g_k
template <int CLASSES, class T> inline Long max_logit(const T *logits) {
    T best = logits[0];
    for (int k = 1; k < CLASSES; k++)
        best = largest(best, logits[k]);
    return -__builtin_convertvector(best, Long);
}

// min_k sum_d floor(floor((r_d - mean_kd)^2) * inverse_variance_kd). C: classes, dimensions; lift, by which the
// representation is shifted to the grid of the means; drop_square and drop_product, the bits that are cut off.
template <class C, class T> inline Long diagonal_mahalanobis(const T *representation) {
    Long nearest = all<Long>(INT64_MAX);
    for (int k = 0; k < C::classes; k++) {
        Long distance = {};
        for (int d = 0; d < C::dimensions; d++) {
            const Long r = __builtin_convertvector(representation[d], Long) * (int64_t(1) << C::lift);
            const Long difference = r - C::means[k * C::dimensions + d];
            const Long square = difference * difference >> C::drop_square;
            distance += square * C::inverse_variances[k * C::dimensions + d] >> C::drop_product;
        }
        nearest = smallest(nearest, distance);
    }
    return nearest;
}

} // namespace edgeood

#endif
