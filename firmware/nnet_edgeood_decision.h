// The mass-blind decision behind a fused score, in the manner of hls4ml's nnet_utils.
//
// Part of edgeood, Apache-2.0. The threshold stands in a table whose places are the integers of the jet's mass, so that
// the decision costs one read and one comparison. The result is the score and, in its last bit alone, whether it is
// above the threshold: one step for an anomalous jet, else zero. The compiler may keep the table in a block RAM: for an
// interval of one cycle one port is enough.

#ifndef NNET_EDGEOOD_DECISION_H_
#define NNET_EDGEOOD_DECISION_H_

#include "nnet_edgeood_vendor.h"

namespace nnet {

struct mass_blind_decision_config {
    static const unsigned n_words = 512;
    static const unsigned mass_bits = 9;
    static const unsigned reuse_factor = 1;
    typedef vendor::fixed<16, 8> threshold_t; // the score's own type
};

template <class score_T, class mass_T, class res_T, typename CONFIG_T>
void mass_blind_decision(score_T score[1], mass_T mass[1], res_T result[2],
                         const typename CONFIG_T::threshold_t thresholds[CONFIG_T::n_words]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ARRAY_PARTITION variable=result complete
    const vendor::counter<CONFIG_T::mass_bits> word =
        vendor::same_bits<vendor::counter<CONFIG_T::mass_bits>, mass_T>(mass[0]);
    const vendor::counter<res_T::width> step = 1, nothing = 0;
    const bool anomalous = score[0] > thresholds[word];
    result[0] = score[0];
    result[1] = vendor::same_bits<res_T, vendor::counter<res_T::width>>(anomalous ? step : nothing);
}

template <class score_T, class mass_T, class res_T, typename CONFIG_T>
void mass_blind_decision(vendor::stream<score_T> &score, vendor::stream<mass_T> &mass, vendor::stream<res_T> &result,
                         const typename CONFIG_T::threshold_t thresholds[CONFIG_T::n_words]) {
    #pragma HLS INLINE off
    typedef typename score_T::value_type score_t;
    typedef typename mass_T::value_type mass_t;
    typedef typename res_T::value_type res_t;
    score_T score_packet = score.read();
    mass_T mass_packet = mass.read();
    score_t own[1] = {score_packet[0]};
    mass_t of_jet[1] = {mass_packet[0]};
    res_t both[2];
    mass_blind_decision<score_t, mass_t, res_t, CONFIG_T>(own, of_jet, both, thresholds);
    res_T packet;
    packet[0] = both[0];
    packet[1] = both[1];
    result.write(packet);
}

} // namespace nnet

#endif
