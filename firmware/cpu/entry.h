// The floating-point input of LANES jets → integers, transposed so that jets lie side by side.
//
// Part of edgeood, Apache-2.0. Rounds half to even and saturates; infinities saturate like any large number.

#ifndef EDGEOOD_CPU_ENTRY_H_
#define EDGEOOD_CPU_ENTRY_H_

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lanes.h"

namespace edgeood {

constexpr int PIECE = 8;                             // values of one jet in 128 bits
constexpr int PIECES_AT_ONCE = 8;                    // few enough for the first-level cache
constexpr int SIDE_BY_SIDE = LANES / PIECE;          // pieces in a vector
typedef float Floats __attribute__((vector_size(4 * PIECE)));
typedef int32_t Words __attribute__((vector_size(4 * PIECE)));
typedef int16_t Piece __attribute__((vector_size(2 * PIECE)));

constexpr int padded(int size) { return (size + PIECE - 1) / PIECE * PIECE; }

// Eight values of one jet. `sum` becomes NaN, and stays it, if one of them is.
template <class C> inline Piece quantized(const float *values, Floats &sum) {
    Floats x;
    std::memcpy(&x, values, sizeof(x));
    x *= C::scale; // a power of two: exact
    const Floats low = Floats{} + static_cast<float>(C::low), high = Floats{} + static_cast<float>(C::high);
    x = low > x ? low : x;
    sum += x;
    x = x < high ? x : high;
    // Added to 1.5 * 2^23, a float has no bits left for fractions, and the machine rounds them half to even.
    const Floats shifted = x + 12582912.0f;
    Words bits;
    std::memcpy(&bits, &shifted, sizeof(bits));
    return __builtin_convertvector(bits, Piece);
}

// Rows of eight lanes become columns, in every piece of 128 bits by itself.
inline void transpose(Narrow (&rows)[PIECE]) {
    for (int stage = 0; stage < 3; stage++) {
        Narrow next[PIECE];
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            next[2 * i] = shuffle<Interleave<0>>(rows[i], rows[i + 4]);
            next[2 * i + 1] = shuffle<Interleave<1>>(rows[i], rows[i + 4]);
        }
        std::memcpy(rows, next, sizeof(rows));
    }
}

// C: input_t, size, scale (1 / step), low, high. `tensor` has room for padded(size) vectors; `bad` tells which jets
// hold NaN.
template <class C>
inline void entry(const float *const (&jets)[LANES], Lanes<typename C::input_t> *tensor, bool (&bad)[LANES]) {
    if constexpr (std::is_same_v<typename C::input_t, int16_t>) {
        Floats sums[LANES] = {};
        alignas(64) int16_t pieces[PIECES_AT_ONCE][PIECE][SIDE_BY_SIDE][PIECE];
        for (int start = 0; start < C::size; start += PIECE * PIECES_AT_ONCE) {
            const int values = std::min(C::size - start, PIECE * PIECES_AT_ONCE);
            for (int jet = 0; jet < LANES; jet++) {
                const float *from = jets[jet] + start;
                Floats sum = sums[jet];
                int p = 0;
                for (; p < values / PIECE; p++) {
                    const Piece piece = quantized<C>(from + p * PIECE, sum);
                    std::memcpy(pieces[p][jet % PIECE][jet / PIECE], &piece, sizeof(piece));
                }
                if (values % PIECE) {
                    float last[PIECE] = {};
                    std::copy(from + p * PIECE, from + values, last);
                    const Piece piece = quantized<C>(last, sum);
                    std::memcpy(pieces[p][jet % PIECE][jet / PIECE], &piece, sizeof(piece));
                }
                sums[jet] = sum;
            }
            for (int p = 0; p * PIECE < values; p++) {
                Narrow rows[PIECE];
                std::memcpy(rows, pieces[p], sizeof(rows));
                transpose(rows);
                std::memcpy(tensor + start + p * PIECE, rows, sizeof(rows));
            }
        }
        for (int jet = 0; jet < LANES; jet++) {
            bad[jet] = false;
            for (int i = 0; i < PIECE; i++)
                bad[jet] |= std::isnan(sums[jet][i]);
        }
    } else {
        for (int jet = 0; jet < LANES; jet++) {
            bad[jet] = false;
            for (int i = 0; i < C::size; i++) {
                const float x = jets[jet][i] * C::scale;
                bad[jet] |= std::isnan(x);
                const float inside = x > C::low ? std::min(x, static_cast<float>(C::high)) : C::low;
                tensor[i][jet] = static_cast<typename C::input_t>(std::nearbyint(inside));
            }
        }
    }
}

} // namespace edgeood

#endif
