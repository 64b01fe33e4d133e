// What the HLS compilers spell differently, as AMD's want it (Vitis HLS, Vivado HLS). A project holds this header or another
// vendor's of the same name, so that each of our algorithms is written once.

#ifndef NNET_EDGEOOD_VENDOR_H_
#define NNET_EDGEOOD_VENDOR_H_

#include "hls_stream.h"
#include "nnet_common.h"

// The others' marks before an array and before a loop. AMD's stand in the code, where the others ignore them.
#define EDGEOOD_REGISTERS
#define EDGEOOD_UNROLL
#define EDGEOOD_II(cycles)

namespace nnet {
namespace vendor {

// Truncated and wrapped, which loses nothing where the exporter has proven a type wide enough.
template <int BITS, int INTEGER> using fixed = ap_fixed<BITS, INTEGER>;
template <int BITS, int INTEGER> using ufixed = ap_ufixed<BITS, INTEGER>;
// To the nearest value, halves to the even one, and saturated.
template <int BITS, int INTEGER> using rounded_fixed = ap_fixed<BITS, INTEGER, AP_RND_CONV, AP_SAT>;
template <int BITS, int INTEGER> using rounded_ufixed = ap_ufixed<BITS, INTEGER, AP_RND_CONV, AP_SAT>;
template <int BITS> using counter = ap_uint<BITS>;
template <class T> using stream = hls::stream<T>;

// The number of another type that has the same bits.
template <class to_T, class from_T> to_T same_bits(from_T from) {
    #pragma HLS INLINE
    static_assert(to_T::width == from_T::width, "as many bits");
    to_T to = 0;
    to.range(to_T::width - 1, 0) = from.range(from_T::width - 1, 0);
    return to;
}

} // namespace vendor
} // namespace nnet

#endif
