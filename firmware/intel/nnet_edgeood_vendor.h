// What the HLS compilers spell differently, as Intel's wants it (i++ of Quartus). A project holds this header or another
// vendor's of the same name, so that each of our algorithms is written once.

#ifndef NNET_EDGEOOD_VENDOR_H_
#define NNET_EDGEOOD_VENDOR_H_

// hls4ml's choice of streams (Intel's, or a stand-in for g++), which its own headers need before them.
#include "../defines.h"

#include "nnet_common.h"

// Marks before an array and before a loop. i++ ignores AMD's, which stand in the code.
#define EDGEOOD_PRAGMA(text) _Pragma(#text)
#define EDGEOOD_REGISTERS hls_register
#define EDGEOOD_UNROLL EDGEOOD_PRAGMA(unroll)
#define EDGEOOD_II(cycles) EDGEOOD_PRAGMA(ii cycles)
// AMD's, in the code as a macro.
#define PRAGMA_DATA_PACK(variable)

namespace nnet {
namespace vendor {

// Truncated and wrapped, which loses nothing where the exporter has proven a type wide enough.
template <int BITS, int INTEGER> using fixed = ac_fixed<BITS, INTEGER, true>;
template <int BITS, int INTEGER> using ufixed = ac_fixed<BITS, INTEGER, false>;
// To the nearest value, halves to the even one, and saturated.
template <int BITS, int INTEGER> using rounded_fixed = ac_fixed<BITS, INTEGER, true, AC_RND_CONV, AC_SAT>;
template <int BITS, int INTEGER> using rounded_ufixed = ac_fixed<BITS, INTEGER, false, AC_RND_CONV, AC_SAT>;
template <int BITS> using counter = ac_int<BITS, false>;
template <class T> using stream = ::stream<T>;

// The number of another type that has the same bits.
template <class to_T, class from_T> to_T same_bits(from_T from) {
    static_assert(to_T::width == from_T::width, "as many bits");
    to_T to = 0;
    to.set_slc(0, from.template slc<from_T::width>(0));
    return to;
}

} // namespace vendor
} // namespace nnet

#endif
