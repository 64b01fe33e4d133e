// What the test benches share: fixed-point numbers from and to the integers that their bits are, streams left over.

#ifndef EDGEOOD_TEST_NUMBERS_H_
#define EDGEOOD_TEST_NUMBERS_H_

#include <cstdint>
#include <map>
#include <string>

#include "nnet_edgeood_vendor.h"
#include "nnet_types.h"

namespace vendor = nnet::vendor;

// The value whose bit pattern is `integer`.
template <class T> T from_integer(std::int64_t integer) {
    return vendor::same_bits<T>(vendor::fixed<T::width, T::width>(integer));
}

template <class T> std::int64_t to_integer(T value) {
    return static_cast<std::int64_t>(value.to_double() / from_integer<T>(1).to_double());
}

// 1 if the stream holds anything; Intel's stand-in for streams cannot tell.
template <class stream_T> auto leftover(stream_T &stream, int) -> decltype(static_cast<unsigned>(!stream.empty())) {
    return !stream.empty();
}
template <class stream_T> unsigned leftover(stream_T &, long) { return 0; }
template <class stream_T> unsigned leftover(stream_T &stream) { return leftover(stream, 0); }

#endif
