// Anomaly scores fused to the end of a network, in the manner of hls4ml's nnet_utils.
//
// Part of edgeood, Apache-2.0. Every type comes from the project's configuration: what is truncated (AP_TRN, AC_TRN)
// and how wide an accumulator must be was decided by the exporter from an error budget, so that these sums equal the
// NumPy reference and every other engine to the last bit. Nothing here rounds, saturates or wraps by itself.
// What compilers differ in stands in nnet_edgeood_vendor.h.
//
// io_parallel: arrays in, array out. io_stream: one packet with the whole vector in, one packet with the score
// out. Both are unrolled completely: K·D subtractions, squarings and constant multiplications, one adder tree per
// class and a comparison; an initiation interval of 1 at the cost of up to 2·K·D DSPs (constant multiplications
// mostly end in LUTs). A reuse factor above 1 lets the compiler share them: the interval becomes the reuse factor.

#ifndef NNET_EDGEOOD_SCORE_H_
#define NNET_EDGEOOD_SCORE_H_

#include "nnet_edgeood_vendor.h"

namespace nnet {

struct max_logit_config {
    static const unsigned n_class = 2;
    static const unsigned reuse_factor = 1;
};

struct diagonal_mahalanobis_config {
    static const unsigned n_in = 20;   // dimensions of the representation
    static const unsigned n_class = 2; // known classes
    static const unsigned reuse_factor = 1;
    typedef vendor::ufixed<16, 8> mean_t;
    typedef vendor::ufixed<16, 8> inverse_variance_t;
    typedef vendor::fixed<17, 9> difference_t; // exact
    typedef vendor::ufixed<20, 16> square_t;   // truncated
    typedef vendor::ufixed<24, 24> product_t;  // truncated
    typedef vendor::ufixed<30, 30> accum_t;    // exact: holds the sum for every representation
};

// s = -max_k g_k. Exact if res_T has the fraction bits of data_T and one integer bit more.
template <class data_T, class res_T, typename CONFIG_T>
void max_logit(data_T logits[CONFIG_T::n_class], res_T score[1]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ARRAY_PARTITION variable=logits complete
    data_T largest = logits[0];
MaxLogit:
    EDGEOOD_UNROLL
    for (unsigned k = 1; k < CONFIG_T::n_class; k++) {
        #pragma HLS UNROLL
        if (logits[k] > largest)
            largest = logits[k];
    }
    score[0] = static_cast<res_T>(-largest);
}

// s = min_k sum_d floor(floor((r_d - mean_kd)^2) * inverse_variance_kd); constants are class-major, [k * n_in + d].
template <class data_T, class res_T, typename CONFIG_T>
void diagonal_mahalanobis(
    data_T representation[CONFIG_T::n_in], res_T score[1],
    const typename CONFIG_T::mean_t mean[CONFIG_T::n_class * CONFIG_T::n_in],
    const typename CONFIG_T::inverse_variance_t inverse_variance[CONFIG_T::n_class * CONFIG_T::n_in]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ARRAY_PARTITION variable=representation complete
    #pragma HLS ARRAY_PARTITION variable=mean complete
    #pragma HLS ARRAY_PARTITION variable=inverse_variance complete
    typename CONFIG_T::accum_t nearest = 0;
Classes:
    EDGEOOD_UNROLL
    for (unsigned k = 0; k < CONFIG_T::n_class; k++) {
        #pragma HLS UNROLL
        typename CONFIG_T::accum_t distance = 0;
    Dimensions:
        EDGEOOD_UNROLL
        for (unsigned d = 0; d < CONFIG_T::n_in; d++) {
            #pragma HLS UNROLL
            const unsigned i = k * CONFIG_T::n_in + d;
            const typename CONFIG_T::difference_t difference = representation[d] - mean[i];
            const typename CONFIG_T::square_t square = difference * difference;
            const typename CONFIG_T::product_t product = square * inverse_variance[i];
            distance += product;
        }
        if (k == 0 || distance < nearest)
            nearest = distance;
    }
    score[0] = static_cast<res_T>(nearest);
}

// The packet of a stream as an array.
template <class data_T, unsigned N>
void read_packet(vendor::stream<data_T> &data, typename data_T::value_type values[N]) {
    #pragma HLS INLINE
    static_assert(data_T::size == N, "the score needs the whole vector in one packet");
    data_T packet = data.read();
    EDGEOOD_UNROLL
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        values[i] = packet[i];
    }
}

template <class res_T> void write_score(vendor::stream<res_T> &result, typename res_T::value_type value) {
    #pragma HLS INLINE
    res_T packet;
    packet[0] = value;
    result.write(packet);
}

template <class data_T, class res_T, typename CONFIG_T>
void max_logit(vendor::stream<data_T> &data, vendor::stream<res_T> &result) {
    #pragma HLS INLINE off
    EDGEOOD_REGISTERS typename data_T::value_type logits[CONFIG_T::n_class];
    typename res_T::value_type score[1];
    read_packet<data_T, CONFIG_T::n_class>(data, logits);
    max_logit<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(logits, score);
    write_score<res_T>(result, score[0]);
}

template <class data_T, class res_T, typename CONFIG_T>
void diagonal_mahalanobis(
    vendor::stream<data_T> &data, vendor::stream<res_T> &result,
    const typename CONFIG_T::mean_t mean[CONFIG_T::n_class * CONFIG_T::n_in],
    const typename CONFIG_T::inverse_variance_t inverse_variance[CONFIG_T::n_class * CONFIG_T::n_in]) {
    #pragma HLS INLINE off
    EDGEOOD_REGISTERS typename data_T::value_type representation[CONFIG_T::n_in];
    typename res_T::value_type score[1];
    read_packet<data_T, CONFIG_T::n_in>(data, representation);
    diagonal_mahalanobis<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(representation, score, mean,
                                                                                            inverse_variance);
    write_score<res_T>(result, score[0]);
}

} // namespace nnet

#endif
