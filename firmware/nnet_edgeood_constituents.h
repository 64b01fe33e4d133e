// Operations on the constituents of a jet, in the manner of hls4ml's nnet_utils: the gathering half of a factorised
// edge layer, and the mean over constituents. The layers with weights between them are hls4ml's own.
//
// Part of edgeood, Apache-2.0. N places hold the candidates of a jet, those beyond its constituents zeros: a place is
// valid if its momentum, column 0 of the candidates, is above zero. Every type comes from the project's configuration
// and holds its sums exactly; the one rounding is that of the coordinates, onto coordinate_t (half to even, saturated).
// What compilers differ in stands in nnet_edgeood_vendor.h.
//
// knn_gather computes a_i + max b_j over the k nearest valid others j of i, without ever sorting: each distance is
// compared with each other one, a place's rank is the number of places before it, and it is a neighbour if its rank
// is below k. Equal distances go to the lower index. What it costs, with D coordinates and C channels:
//   io_parallel: all rows at once. N(N-1)/2 distances, as they are symmetric, of D squares each (DSPs, or LUTs for
//     narrow coordinates); N(N-1)(N-2)/2 comparators of distances; N*N rank counters of up to N-2 bits in; N*C trees
//     of N-1 maxima and N*C additions (LUTs). The interval is reuse_factor: the comparators grow with the third power
//     of N, so N = 8 or 16 suits one cycle, and N = 32 wants reuse or io_stream.
//   io_stream: one packet per constituent in and out. A first loop reads N packets; a second one makes a row a cycle,
//     with N*D squares, (N-1)(N-2)/2 comparators and C trees: about 1/N of the above (symmetry saves nothing when a
//     row has the hardware for itself). The interval is N + N*reuse_factor cycles plus the depth of a row.
// In io_stream the streams of candidates, points and edges are read in step, but the candidates arrive first: their
// FIFO must hold them until the layers between have done their work. hls4ml gives it N packets, one jet: the next jet
// enters when this one is read. A deeper FIFO lets more jets be under way at once.
// constituent_mean is N*C masked terms and C adder trees (io_parallel), or C accumulators (io_stream, interval N+1).

#ifndef NNET_EDGEOOD_CONSTITUENTS_H_
#define NNET_EDGEOOD_CONSTITUENTS_H_

#include "nnet_edgeood_vendor.h"

namespace nnet {

struct knn_gather_config {
    static const unsigned n_constituent = 8;    // N, places for constituents
    static const unsigned n_feature = 3;        // columns of a candidate
    static const unsigned n_point = 3;          // columns of a point
    static const unsigned first_coordinate = 1; // where the coordinates stand among them
    static const unsigned n_coordinate = 2;     // D
    static const unsigned n_neighbour = 3;      // k
    static const unsigned n_channel = 4;        // C; the edges are a (C) and b (C), signed
    static const unsigned reuse_factor = 1;
    typedef vendor::rounded_fixed<9, 2> coordinate_t;
    typedef vendor::fixed<10, 3> difference_t; // exact
    typedef vendor::ufixed<19, 5> distance_t;  // exact: squared distance
    typedef vendor::counter<3> rank_t;         // up to N - 1
};

struct constituent_mean_config {
    static const unsigned n_constituent = 8; // N, a power of two
    static const unsigned n_feature = 3;     // columns of a candidate
    static const unsigned n_channel = 4;     // C
    static const unsigned reuse_factor = 1;
    typedef vendor::ufixed<11, 5> accum_t; // exact: sum of N features
};

template <class point_T, typename CONFIG_T>
void take_coordinates(const point_T point[CONFIG_T::n_point],
                      typename CONFIG_T::coordinate_t coordinates[CONFIG_T::n_coordinate]) {
    #pragma HLS INLINE
    EDGEOOD_UNROLL
    for (unsigned d = 0; d < CONFIG_T::n_coordinate; d++) {
        #pragma HLS UNROLL
        coordinates[d] = point[CONFIG_T::first_coordinate + d];
    }
}

template <typename CONFIG_T>
typename CONFIG_T::distance_t squared_distance(const typename CONFIG_T::coordinate_t here[CONFIG_T::n_coordinate],
                                               const typename CONFIG_T::coordinate_t there[CONFIG_T::n_coordinate]) {
    #pragma HLS INLINE
    typename CONFIG_T::distance_t distance = 0;
    EDGEOOD_UNROLL
    for (unsigned d = 0; d < CONFIG_T::n_coordinate; d++) {
        #pragma HLS UNROLL
        const typename CONFIG_T::difference_t difference = here[d] - there[d];
        distance += difference * difference;
    }
    return distance;
}

// One row of the result, from the distances of constituent i to all places.
template <class edge_T, class res_T, typename CONFIG_T>
void maximum_of_nearest(unsigned i, const typename CONFIG_T::distance_t distance[CONFIG_T::n_constituent],
                        const bool valid[CONFIG_T::n_constituent],
                        const edge_T edges[CONFIG_T::n_constituent * 2 * CONFIG_T::n_channel],
                        res_T maximum[CONFIG_T::n_channel]) {
    #pragma HLS INLINE
    const unsigned N = CONFIG_T::n_constituent, C = CONFIG_T::n_channel;
    EDGEOOD_REGISTERS bool other[N], chosen[N];
    EDGEOOD_REGISTERS typename CONFIG_T::rank_t rank[N];
    #pragma HLS ARRAY_PARTITION variable=other complete
    #pragma HLS ARRAY_PARTITION variable=chosen complete
    #pragma HLS ARRAY_PARTITION variable=rank complete
Others:
    EDGEOOD_UNROLL
    for (unsigned j = 0; j < N; j++) {
        #pragma HLS UNROLL
        other[j] = valid[j] && j != i;
        rank[j] = 0;
    }
Ranks:
    EDGEOOD_UNROLL
    for (unsigned j = 1; j < N; j++) {
        #pragma HLS UNROLL
        EDGEOOD_UNROLL
        for (unsigned m = 0; m < j; m++) {
            #pragma HLS UNROLL
            // One comparison decides for both; the lower index, m, is first if they are equal.
            const bool m_first = distance[m] <= distance[j];
            if (other[m] && m_first)
                rank[j]++;
            if (other[j] && !m_first)
                rank[m]++;
        }
    }
    bool lonely = true;
Chosen:
    EDGEOOD_UNROLL
    for (unsigned j = 0; j < N; j++) {
        #pragma HLS UNROLL
        // With room for all others nobody is left out: no rank, and no distance, is looked at.
        chosen[j] = other[j] && (CONFIG_T::n_neighbour + 1 >= N || rank[j] < CONFIG_T::n_neighbour);
        if (chosen[j])
            lonely = false;
    }
    // The lowest number of the (signed) type stands for what is no neighbour; at least one place is chosen.
    edge_T lowest = 0;
    lowest[edge_T::width - 1] = 1;
Channels:
    EDGEOOD_UNROLL
    for (unsigned c = 0; c < C; c++) {
        #pragma HLS UNROLL
        EDGEOOD_REGISTERS edge_T terms[N];
        #pragma HLS ARRAY_PARTITION variable=terms complete
        EDGEOOD_UNROLL
        for (unsigned j = 0; j < N; j++) {
            #pragma HLS UNROLL
            terms[j] = chosen[j] || (lonely && j == i) ? edges[j * 2 * C + C + c] : lowest;
        }
        Op_max<edge_T> larger;
        const edge_T largest = reduce<edge_T, CONFIG_T::n_constituent, Op_max<edge_T>>(terms, larger);
        maximum[c] = valid[i] ? static_cast<res_T>(edges[i * 2 * C + c] + largest) : static_cast<res_T>(0);
    }
}

// maximum_ic = a_ic + max_j b_jc. Exact if res_T has the fraction bits of edge_T and one integer bit more.
template <class candidate_T, class point_T, class edge_T, class res_T, typename CONFIG_T>
void knn_gather(candidate_T candidates[CONFIG_T::n_constituent * CONFIG_T::n_feature],
                point_T points[CONFIG_T::n_constituent * CONFIG_T::n_point],
                edge_T edges[CONFIG_T::n_constituent * 2 * CONFIG_T::n_channel],
                res_T maximum[CONFIG_T::n_constituent * CONFIG_T::n_channel]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ARRAY_PARTITION variable=candidates complete
    #pragma HLS ARRAY_PARTITION variable=points complete
    #pragma HLS ARRAY_PARTITION variable=edges complete
    #pragma HLS ARRAY_PARTITION variable=maximum complete
    const unsigned N = CONFIG_T::n_constituent;
    EDGEOOD_REGISTERS bool valid[N];
    EDGEOOD_REGISTERS typename CONFIG_T::coordinate_t coordinates[N][CONFIG_T::n_coordinate];
    EDGEOOD_REGISTERS typename CONFIG_T::distance_t distance[N][N];
    #pragma HLS ARRAY_PARTITION variable=valid complete
    #pragma HLS ARRAY_PARTITION variable=coordinates complete dim=0
    #pragma HLS ARRAY_PARTITION variable=distance complete dim=0
Places:
    EDGEOOD_UNROLL
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        valid[i] = candidates[i * CONFIG_T::n_feature] > 0;
        take_coordinates<point_T, CONFIG_T>(points + i * CONFIG_T::n_point, coordinates[i]);
    }
Distances:
    EDGEOOD_UNROLL
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        distance[i][i] = 0;
        EDGEOOD_UNROLL
        for (unsigned j = i + 1; j < N; j++) {
            #pragma HLS UNROLL
            distance[i][j] = squared_distance<CONFIG_T>(coordinates[i], coordinates[j]);
            distance[j][i] = distance[i][j];
        }
    }
Rows:
    EDGEOOD_UNROLL
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        maximum_of_nearest<edge_T, res_T, CONFIG_T>(i, distance[i], valid, edges, maximum + i * CONFIG_T::n_channel);
    }
}

// The graph of the candidates themselves, which then are the points too.
template <class candidate_T, class edge_T, class res_T, typename CONFIG_T>
void knn_gather(candidate_T candidates[CONFIG_T::n_constituent * CONFIG_T::n_feature],
                edge_T edges[CONFIG_T::n_constituent * 2 * CONFIG_T::n_channel],
                res_T maximum[CONFIG_T::n_constituent * CONFIG_T::n_channel]) {
    #pragma HLS INLINE
    knn_gather<candidate_T, candidate_T, edge_T, res_T, CONFIG_T>(candidates, candidates, edges, maximum);
}

// Constituent i, as it comes in packets, into arrays.
template <class candidate_T, class point_T, class edge_T, typename CONFIG_T>
void take_constituent(unsigned i, const candidate_T &candidate, const point_T &point, const edge_T &edge,
                      bool valid[CONFIG_T::n_constituent],
                      typename CONFIG_T::coordinate_t coordinates[CONFIG_T::n_constituent][CONFIG_T::n_coordinate],
                      typename edge_T::value_type edges[CONFIG_T::n_constituent * 2 * CONFIG_T::n_channel]) {
    #pragma HLS INLINE
    static_assert(candidate_T::size == CONFIG_T::n_feature, "a packet holds one candidate");
    static_assert(point_T::size == CONFIG_T::n_point, "a packet holds one point");
    static_assert(edge_T::size == 2 * CONFIG_T::n_channel, "a packet holds a and b of one constituent");
    valid[i] = candidate[0] > 0;
    EDGEOOD_REGISTERS typename point_T::value_type values[CONFIG_T::n_point];
    #pragma HLS ARRAY_PARTITION variable=values complete
    EDGEOOD_UNROLL
    for (unsigned p = 0; p < CONFIG_T::n_point; p++) {
        #pragma HLS UNROLL
        values[p] = point[p];
    }
    take_coordinates<typename point_T::value_type, CONFIG_T>(values, coordinates[i]);
    EDGEOOD_UNROLL
    for (unsigned c = 0; c < 2 * CONFIG_T::n_channel; c++) {
        #pragma HLS UNROLL
        edges[i * 2 * CONFIG_T::n_channel + c] = edge[c];
    }
}

template <class edge_T, class res_T, typename CONFIG_T>
void write_rows(const bool valid[CONFIG_T::n_constituent],
                const typename CONFIG_T::coordinate_t coordinates[CONFIG_T::n_constituent][CONFIG_T::n_coordinate],
                const edge_T edges[CONFIG_T::n_constituent * 2 * CONFIG_T::n_channel], vendor::stream<res_T> &maximum) {
    #pragma HLS INLINE
    static_assert(res_T::size == CONFIG_T::n_channel, "a packet holds one constituent");
Rows:
    EDGEOOD_II(CONFIG_T::reuse_factor)
    for (unsigned i = 0; i < CONFIG_T::n_constituent; i++) {
        #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
        EDGEOOD_REGISTERS typename CONFIG_T::distance_t distance[CONFIG_T::n_constituent];
        EDGEOOD_REGISTERS typename res_T::value_type row[CONFIG_T::n_channel];
        #pragma HLS ARRAY_PARTITION variable=distance complete
        #pragma HLS ARRAY_PARTITION variable=row complete
        EDGEOOD_UNROLL
        for (unsigned j = 0; j < CONFIG_T::n_constituent; j++) {
            #pragma HLS UNROLL
            distance[j] = squared_distance<CONFIG_T>(coordinates[i], coordinates[j]);
        }
        maximum_of_nearest<edge_T, typename res_T::value_type, CONFIG_T>(i, distance, valid, edges, row);
        res_T packet;
        PRAGMA_DATA_PACK(packet)
        EDGEOOD_UNROLL
        for (unsigned c = 0; c < CONFIG_T::n_channel; c++) {
            #pragma HLS UNROLL
            packet[c] = row[c];
        }
        maximum.write(packet);
    }
}

template <class candidate_T, class point_T, class edge_T, class res_T, typename CONFIG_T>
void knn_gather(vendor::stream<candidate_T> &candidates, vendor::stream<point_T> &points,
                vendor::stream<edge_T> &edges, vendor::stream<res_T> &maximum) {
    #pragma HLS INLINE off
    EDGEOOD_REGISTERS bool valid[CONFIG_T::n_constituent];
    EDGEOOD_REGISTERS typename CONFIG_T::coordinate_t coordinates[CONFIG_T::n_constituent][CONFIG_T::n_coordinate];
    EDGEOOD_REGISTERS typename edge_T::value_type ab[CONFIG_T::n_constituent * 2 * CONFIG_T::n_channel];
    #pragma HLS ARRAY_PARTITION variable=valid complete
    #pragma HLS ARRAY_PARTITION variable=coordinates complete dim=0
    #pragma HLS ARRAY_PARTITION variable=ab complete
Places:
    EDGEOOD_II(1)
    for (unsigned i = 0; i < CONFIG_T::n_constituent; i++) {
        #pragma HLS PIPELINE II=1
        const candidate_T candidate = candidates.read();
        const point_T point = points.read();
        const edge_T edge = edges.read();
        take_constituent<candidate_T, point_T, edge_T, CONFIG_T>(i, candidate, point, edge, valid, coordinates, ab);
    }
    write_rows<typename edge_T::value_type, res_T, CONFIG_T>(valid, coordinates, ab, maximum);
}

template <class candidate_T, class edge_T, class res_T, typename CONFIG_T>
void knn_gather(vendor::stream<candidate_T> &candidates, vendor::stream<edge_T> &edges,
                vendor::stream<res_T> &maximum) {
    #pragma HLS INLINE off
    EDGEOOD_REGISTERS bool valid[CONFIG_T::n_constituent];
    EDGEOOD_REGISTERS typename CONFIG_T::coordinate_t coordinates[CONFIG_T::n_constituent][CONFIG_T::n_coordinate];
    EDGEOOD_REGISTERS typename edge_T::value_type ab[CONFIG_T::n_constituent * 2 * CONFIG_T::n_channel];
    #pragma HLS ARRAY_PARTITION variable=valid complete
    #pragma HLS ARRAY_PARTITION variable=coordinates complete dim=0
    #pragma HLS ARRAY_PARTITION variable=ab complete
Places:
    EDGEOOD_II(1)
    for (unsigned i = 0; i < CONFIG_T::n_constituent; i++) {
        #pragma HLS PIPELINE II=1
        const candidate_T candidate = candidates.read();
        const edge_T edge = edges.read();
        take_constituent<candidate_T, candidate_T, edge_T, CONFIG_T>(i, candidate, candidate, edge, valid, coordinates,
                                                                     ab);
    }
    write_rows<typename edge_T::value_type, res_T, CONFIG_T>(valid, coordinates, ab, maximum);
}

// mean_c = sum_i h_ic / N over the valid constituents i, N counting the empty places too: the bits of the sum, with the
// binary point moved log2(N) places to the left.
template <class candidate_T, class feature_T, class res_T, typename CONFIG_T>
void constituent_mean(candidate_T candidates[CONFIG_T::n_constituent * CONFIG_T::n_feature],
                      feature_T features[CONFIG_T::n_constituent * CONFIG_T::n_channel],
                      res_T mean[CONFIG_T::n_channel]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ARRAY_PARTITION variable=candidates complete
    #pragma HLS ARRAY_PARTITION variable=features complete
    #pragma HLS ARRAY_PARTITION variable=mean complete
    typedef typename CONFIG_T::accum_t accum_t;
Channels:
    EDGEOOD_UNROLL
    for (unsigned c = 0; c < CONFIG_T::n_channel; c++) {
        #pragma HLS UNROLL
        EDGEOOD_REGISTERS accum_t terms[CONFIG_T::n_constituent];
        #pragma HLS ARRAY_PARTITION variable=terms complete
        EDGEOOD_UNROLL
        for (unsigned i = 0; i < CONFIG_T::n_constituent; i++) {
            #pragma HLS UNROLL
            const bool valid = candidates[i * CONFIG_T::n_feature] > 0;
            terms[i] = valid ? static_cast<accum_t>(features[i * CONFIG_T::n_channel + c]) : static_cast<accum_t>(0);
        }
        Op_add<accum_t> plus;
        const accum_t sum = reduce<accum_t, CONFIG_T::n_constituent, Op_add<accum_t>>(terms, plus);
        mean[c] = vendor::same_bits<res_T>(sum);
    }
}

template <class candidate_T, class feature_T, class res_T, typename CONFIG_T>
void constituent_mean(vendor::stream<candidate_T> &candidates, vendor::stream<feature_T> &features,
                      vendor::stream<res_T> &mean) {
    #pragma HLS INLINE off
    static_assert(candidate_T::size == CONFIG_T::n_feature, "a packet holds one candidate");
    static_assert(feature_T::size == CONFIG_T::n_channel, "a packet holds one constituent");
    static_assert(res_T::size == CONFIG_T::n_channel, "the mean is one packet");
    EDGEOOD_REGISTERS typename CONFIG_T::accum_t sum[CONFIG_T::n_channel];
    #pragma HLS ARRAY_PARTITION variable=sum complete
    EDGEOOD_UNROLL
    for (unsigned c = 0; c < CONFIG_T::n_channel; c++) {
        #pragma HLS UNROLL
        sum[c] = 0;
    }
Places:
    EDGEOOD_II(1)
    for (unsigned i = 0; i < CONFIG_T::n_constituent; i++) {
        #pragma HLS PIPELINE II=1
        const candidate_T candidate = candidates.read();
        const feature_T feature = features.read();
        EDGEOOD_UNROLL
        for (unsigned c = 0; c < CONFIG_T::n_channel; c++) {
            #pragma HLS UNROLL
            if (candidate[0] > 0)
                sum[c] += feature[c];
        }
    }
    res_T packet;
    PRAGMA_DATA_PACK(packet)
    EDGEOOD_UNROLL
    for (unsigned c = 0; c < CONFIG_T::n_channel; c++) {
        #pragma HLS UNROLL
        packet[c] = vendor::same_bits<typename res_T::value_type>(sum[c]);
    }
    mean.write(packet);
}

} // namespace nnet

#endif
