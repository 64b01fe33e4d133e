// Dense layers and convolutions, with the activation, and a pooling if there is one, in the same pass.
//
// Part of edgeood, Apache-2.0. A layer is described by a structure C:
//   input_t, output_t    what its tensors hold: int16_t or int32_t
//   sum_t                int32_t or int64_t: holds every sum, whatever the input (proven by the exporter)
//   outputs, taps        channels, and inputs that each of them sums
//   weights, biases      integers on the grid of the sums; weights by (pair of taps, output, tap of the pair), a
//                        missing last tap having the weight zero
//   places               where the taps lie in the input, relative to the first one; 2 * pairs of them
//   windows              where the places lie over which the maximum is taken; one place if there is no pooling
//   shift, low, high     the activation: requantize<shift, low, high>
// Rounding and saturating never reverse an order, so the maximum may be taken of the sums themselves.

#ifndef EDGEOOD_CPU_LAYERS_H_
#define EDGEOOD_CPU_LAYERS_H_

#include <array>
#include <cstring>

#include "lanes.h"

namespace edgeood {

// 16-bit inputs and weights, 32-bit sums: two taps at a time by one multiply-add instruction.
template <class C>
constexpr bool PAIRED = std::is_same_v<typename C::input_t, int16_t> && std::is_same_v<typename C::weight_t, int16_t> &&
                        std::is_same_v<typename C::sum_t, int32_t> && std::is_same_v<typename C::output_t, int16_t>;

// Sums of a channel: in halves as interleaving leaves them, or in the order of the jets.
struct PairedSum {
    Half low, high;
};
template <class C> using Sum = std::conditional_t<PAIRED<C>, PairedSum, Lanes<typename C::sum_t>>;

inline PairedSum largest(const PairedSum &a, const PairedSum &b) {
    return {largest(a.low, b.low), largest(a.high, b.high)};
}

// sums + first of the pair * first weight + second * second
inline Half multiply_add(Half sums, Half pairs, Half weights) {
#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
    return (Half)_mm512_dpwssd_epi32((__m512i)sums, (__m512i)pairs, (__m512i)weights);
#elif defined(__AVX512BW__)
    return sums + (Half)_mm512_madd_epi16((__m512i)pairs, (__m512i)weights);
#elif defined(__AVX2__)
    return sums + (Half)_mm256_madd_epi16((__m256i)pairs, (__m256i)weights);
#elif defined(__SSE2__)
    return sums + (Half)_mm_madd_epi16((__m128i)pairs, (__m128i)weights);
#else
    return sums + (pairs << 16 >> 16) * (weights << 16 >> 16) + (pairs >> 16) * (weights >> 16);
#endif
}

// COUNT channels from the `first` one on.
template <class C, int COUNT>
inline void weighted_sums(const Lanes<typename C::input_t> *x, int first, Sum<C> (&sums)[COUNT]) {
    constexpr int PAIRS = (C::taps + 1) / 2;
    if constexpr (PAIRED<C>) {
#pragma GCC unroll 16
        for (int o = 0; o < COUNT; o++)
            sums[o].low = sums[o].high = all<Half>(C::biases[first + o]);
        for (int p = 0; p < PAIRS; p++) {
            const Narrow one = x[C::places[2 * p]], other = x[C::places[2 * p + 1]];
            const Half low = (Half)shuffle<Interleave<0>>(one, other);
            const Half high = (Half)shuffle<Interleave<1>>(one, other);
#pragma GCC unroll 16
            for (int o = 0; o < COUNT; o++) {
                int32_t pair;
                std::memcpy(&pair, &C::weights[2 * (p * C::outputs + first + o)], sizeof(pair));
                sums[o].low = multiply_add(sums[o].low, low, all<Half>(pair));
                sums[o].high = multiply_add(sums[o].high, high, all<Half>(pair));
            }
        }
    } else {
        typedef typename C::sum_t S;
        for (int o = 0; o < COUNT; o++)
            sums[o] = all<Lanes<S>>(C::biases[first + o]);
        for (int tap = 0; tap < C::taps; tap++) {
            const Lanes<S> input = __builtin_convertvector(x[C::places[tap]], Lanes<S>);
            for (int o = 0; o < COUNT; o++)
                sums[o] += input * S(C::weights[2 * (tap / 2 * C::outputs + first + o) + tap % 2]);
        }
    }
}

template <class C> inline Lanes<typename C::output_t> activated(const Sum<C> &sum) {
    if constexpr (PAIRED<C>)
        return shuffle<Even>((Narrow)requantize<C::shift, C::low, C::high>(sum.low),
                             (Narrow)requantize<C::shift, C::low, C::high>(sum.high));
    else
        return __builtin_convertvector((requantize<C::shift, C::low, C::high>(sum)), Lanes<typename C::output_t>);
}

// COUNT outputs at one place x of the input; channels of y lie CHANNEL vectors apart.
template <class C, int CHANNEL, int COUNT>
inline void some_outputs(const Lanes<typename C::input_t> *x, int first, Lanes<typename C::output_t> *y) {
    Sum<C> best[COUNT];
    weighted_sums<C>(x + C::windows[0], first, best);
    for (std::size_t window = 1; window < C::windows.size(); window++) {
        Sum<C> sums[COUNT];
        weighted_sums<C>(x + C::windows[window], first, sums);
#pragma GCC unroll 16
        for (int o = 0; o < COUNT; o++)
            best[o] = largest(best[o], sums[o]);
    }
#pragma GCC unroll 16
    for (int o = 0; o < COUNT; o++)
        y[(first + o) * CHANNEL] = activated<C>(best[o]);
}

template <class C, int CHANNEL>
inline void all_outputs(const Lanes<typename C::input_t> *x, Lanes<typename C::output_t> *y) {
    // As many channels at once as leave registers for the inputs; wide sums fill several registers each.
    constexpr int MOST = PAIRED<C> ? REGISTERS * 3 / 8 : 1;
    constexpr int BLOCKS = (C::outputs + MOST - 1) / MOST;
    constexpr int COUNT = (C::outputs + BLOCKS - 1) / BLOCKS;
    constexpr int LAST = COUNT * (BLOCKS - 1);
    for (int first = 0; first < LAST; first += COUNT)
        some_outputs<C, CHANNEL, COUNT>(x, first, y);
    some_outputs<C, CHANNEL, C::outputs - LAST>(x, LAST, y);
}

// (ROWS, taps) → (ROWS, outputs)
template <class C, int ROWS> inline void dense(const Lanes<typename C::input_t> *x, Lanes<typename C::output_t> *y) {
    for (int row = 0; row < ROWS; row++)
        all_outputs<C, 1>(x + row * C::taps, y + row * C::outputs);
}

// (channels, height, width) → (outputs, rows, columns); C has these, and the step from one place to the next.
template <class C> inline void convolution(const Lanes<typename C::input_t> *x, Lanes<typename C::output_t> *y) {
    for (int row = 0; row < C::rows; row++)
        for (int column = 0; column < C::columns; column++)
            all_outputs<C, C::rows * C::columns>(x + (row * C::width + column) * C::step, y + row * C::columns + column);
}

// Places of the taps of a dense layer.
template <int TAPS> constexpr std::array<int, TAPS + TAPS % 2> consecutive() {
    std::array<int, TAPS + TAPS % 2> places{};
    for (int tap = 0; tap < TAPS; tap++)
        places[tap] = tap;
    return places;
}

// Places of the taps of a kernel, by (channel, row, column), in an image.
template <int CHANNELS, int KERNEL_HEIGHT, int KERNEL_WIDTH, int HEIGHT, int WIDTH> constexpr auto kernel_places() {
    constexpr int TAPS = CHANNELS * KERNEL_HEIGHT * KERNEL_WIDTH;
    std::array<int, TAPS + TAPS % 2> places{};
    for (int tap = 0; tap < TAPS; tap++)
        places[tap] = tap / (KERNEL_HEIGHT * KERNEL_WIDTH) * HEIGHT * WIDTH + tap / KERNEL_WIDTH % KERNEL_HEIGHT * WIDTH +
                      tap % KERNEL_WIDTH;
    return places;
}

// Places of the convolutions that a square window pools.
template <int WINDOW, int STRIDE, int WIDTH> constexpr auto pooling_places() {
    std::array<int, WINDOW * WINDOW> places{};
    for (int i = 0; i < WINDOW * WINDOW; i++)
        places[i] = (i / WINDOW * WIDTH + i % WINDOW) * STRIDE;
    return places;
}

} // namespace edgeood

#endif
