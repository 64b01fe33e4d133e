// Jets side by side: element i of every vector belongs to jet i of a batch of LANES jets.
//
// Part of edgeood, Apache-2.0. A tensor is an array of such vectors, so every operation of a network is the same few
// vector instructions for all its elements, without shuffles inside a tensor and without a remainder loop. LANES
// numbers of 16 bits fill the machine's widest register; wider numbers take several registers. Vectors are those of
// GCC and Clang, which turn them into whatever the machine has.

#ifndef EDGEOOD_CPU_LANES_H_
#define EDGEOOD_CPU_LANES_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace edgeood {

#if defined(__AVX512BW__)
constexpr int REGISTER_BYTES = 64;
constexpr int REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int REGISTER_BYTES = 32;
constexpr int REGISTERS = 16;
#else
constexpr int REGISTER_BYTES = 16;
constexpr int REGISTERS = 16;
#endif
constexpr int LANES = REGISTER_BYTES / 2;

template <class T> struct lanes_of {
    typedef T type __attribute__((vector_size(LANES * sizeof(T))));
};
template <class T> using Lanes = typename lanes_of<T>::type;
typedef Lanes<int16_t> Narrow;
typedef int32_t Half __attribute__((vector_size(REGISTER_BYTES))); // 32-bit numbers of half the jets

template <class V> using Element = std::remove_reference_t<decltype(std::declval<V &>()[0])>;

template <class V> inline V all(Element<V> value) { return V{} + value; }
template <class V> inline V largest(V a, V b) { return a > b ? a : b; }
template <class V> inline V smallest(V a, V b) { return a < b ? a : b; }

// A pattern names, for every lane of the result, a lane of a (0 …) or of b (LANES …).
template <class PATTERN, std::size_t... I> inline Narrow shuffled(Narrow a, Narrow b, std::index_sequence<I...>) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, PATTERN::source(I)...);
#else
    return __builtin_shuffle(a, b, Narrow{static_cast<int16_t>(PATTERN::source(I))...});
#endif
}
template <class PATTERN> inline Narrow shuffle(Narrow a, Narrow b) {
    return shuffled<PATTERN>(a, b, std::make_index_sequence<LANES>());
}

// Patterns stay within pieces of 128 bits, eight lanes, where all machines shuffle in one instruction.
template <int HALF> struct Interleave { // a0 b0 a1 b1 … of the lower or upper four lanes of each piece
    static constexpr int source(int lane) { return lane / 8 * 8 + 4 * HALF + lane % 8 / 2 + lane % 2 * LANES; }
};
struct Even { // undoes both: the even lanes of a's piece, then those of b's
    static constexpr int source(int lane) { return lane / 8 * 8 + lane % 4 * 2 + lane % 8 / 4 * LANES; }
};

// Round half to even to a step 2^SHIFT times as coarse (finer if negative), then saturate. The caller has proven
// that x + 2^(SHIFT-1) does not overflow.
template <int SHIFT, long long LOW, long long HIGH, class V> inline V requantize(V x) {
    typedef Element<V> E;
    if constexpr (SHIFT > 0) {
        constexpr E HALF_LESS_ONE = (E(1) << (SHIFT - 1)) - 1;
        x = (x + HALF_LESS_ONE + ((x >> SHIFT) & E(1))) >> SHIFT; // the last bit kept breaks the tie
    }
    if constexpr (SHIFT < 0) {
        x = smallest(largest(x, all<V>(E(LOW >> -SHIFT))), all<V>(E((HIGH >> -SHIFT) + 1))) * (E(1) << -SHIFT);
    }
    return smallest(largest(x, all<V>(E(LOW))), all<V>(E(HIGH)));
}

} // namespace edgeood

#endif
