// Operations on jets as lists of constituents: nearest neighbours, and means that leave padding out.
//
// Part of edgeood, Apache-2.0. A jet's constituents are told from padding by their momentum, the first feature: above
// zero. There is no branch: what is no constituent, or no neighbour, takes part with a value that cannot win. Masks
// come from sign bits, as compilers compare vectors wider than a register one number at a time.

#ifndef EDGEOOD_CPU_CONSTITUENTS_H_
#define EDGEOOD_CPU_CONSTITUENTS_H_

#include "lanes.h"

namespace edgeood {

// All bits set where candidate i is a constituent.
template <int N, int FEATURES, class E, class T> inline void validity(const E *candidates, Lanes<T> (&valid)[N]) {
    for (int i = 0; i < N; i++) {
        const E momentum = largest(candidates[i * FEATURES], E{});
        valid[i] = __builtin_convertvector(-momentum >> (8 * sizeof(momentum[0]) - 1), Lanes<T>);
    }
}

// a_i + max b_j over the nearest valid others j of i; zero where i is padding. y is (N, channels). C:
//   constituents, features, neighbours, channels
//   point_features, first, coordinates; coordinate_shift, coordinate_low, coordinate_high: their type
//   key_t, index_bits    a key is (squared distance, index), so that equal distances go to the lower index; all keys
//                        are below FAR = 2^far_bits, and 2 * FAR is a key_t
//   edge_t               holds a, b and every sum a + b
//   shift, low, high     the activation; sum_t holds what it computes
template <class C, class E, class P>
inline void knn_gather(const E *candidates, const P *points, const Lanes<typename C::edge_t> *edges,
                       Lanes<typename C::output_t> *y) {
    typedef typename C::edge_t T;
    typedef typename C::key_t K;
    constexpr int N = C::constituents;
    constexpr K FAR = K(1) << C::far_bits;
    constexpr int SIGN = 8 * sizeof(K) - 1;
    Lanes<K> coordinates[N][C::coordinates], absent[N];
    Lanes<T> valid[N];
    validity<N, C::features, E, T>(candidates, valid);
    for (int i = 0; i < N; i++) {
        absent[i] = ~__builtin_convertvector(valid[i], Lanes<K>) & FAR;
        for (int c = 0; c < C::coordinates; c++) {
            const Lanes<K> point = __builtin_convertvector(points[i * C::point_features + C::first + c], Lanes<K>);
            coordinates[i][c] = requantize<C::coordinate_shift, C::coordinate_low, C::coordinate_high>(point);
        }
    }
    for (int i = 0; i < N; i++) {
        Lanes<K> keys[N], nearest[C::neighbours];
        for (int s = 0; s < C::neighbours; s++)
            nearest[s] = all<Lanes<K>>(FAR);
        for (int j = 0; j < N; j++) {
            if (j == i)
                continue;
            Lanes<K> distance = {};
            for (int c = 0; c < C::coordinates; c++) {
                const Lanes<K> difference = coordinates[i][c] - coordinates[j][c];
                distance += difference * difference;
            }
            Lanes<K> key = largest(distance * (K(1) << C::index_bits) + K(j), absent[j]);
            keys[j] = key;
#pragma GCC unroll 16
            for (int s = 0; s < C::neighbours; s++) { // insert into the sorted list of the nearest
                const Lanes<K> nearer = smallest(nearest[s], key);
                key = largest(nearest[s], key);
                nearest[s] = nearer;
            }
        }
        // Without any other constituent, one is its own neighbour.
        keys[i] = ~((FAR - 1 - nearest[0]) >> SIGN) & FAR;
        const Lanes<K> limit = smallest(nearest[C::neighbours - 1], all<Lanes<K>>(FAR - 1));
        Lanes<T> chosen[N], otherwise[N];
        for (int j = 0; j < N; j++) {
            chosen[j] = __builtin_convertvector((keys[j] - limit - 1) >> SIGN, Lanes<T>);
            otherwise[j] = ~chosen[j] & T(C::edge_low);
        }
        for (int c = 0; c < C::channels; c++) {
            Lanes<T> best = all<Lanes<T>>(T(C::edge_low));
            for (int j = 0; j < N; j++)
                best = largest(best, (edges[(2 * j + 1) * C::channels + c] & chosen[j]) | otherwise[j]);
            const Lanes<T> sum = (edges[2 * i * C::channels + c] + best) & valid[i];
            y[i * C::channels + c] =
                __builtin_convertvector((requantize<C::shift, C::low, C::high>(
                                            __builtin_convertvector(sum, Lanes<typename C::sum_t>))),
                                        Lanes<typename C::output_t>);
        }
    }
}

// sum_i h_i / N over the constituents; the division is part of the activation's shift. C: as above.
template <class C, class E>
inline void constituent_mean(const E *candidates, const Lanes<typename C::input_t> *features,
                             Lanes<typename C::output_t> *y) {
    typedef typename C::sum_t S;
    Lanes<typename C::input_t> valid[C::constituents];
    validity<C::constituents, C::features, E, typename C::input_t>(candidates, valid);
    for (int c = 0; c < C::channels; c++) {
        Lanes<S> sum = {};
        for (int i = 0; i < C::constituents; i++)
            sum += __builtin_convertvector(features[i * C::channels + c] & valid[i], Lanes<S>);
        y[c] = __builtin_convertvector((requantize<C::shift, C::low, C::high>(sum)), Lanes<typename C::output_t>);
    }
}

} // namespace edgeood

#endif
