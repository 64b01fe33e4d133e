// Test bench of nnet_edgeood_constituents.h: random jets through the fixed-point code and through plain 64-bit
// integers that sort, in arrays and in streams, with the candidates and with other points as coordinates. Prints the
// number of mismatches; exit code 1 if there is one. Needs g++ and the ap_types or ac_types that
// hls4ml ships (tests/export/test_firmware_headers.py compiles it with sanitizers).

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

#include "nnet_edgeood_constituents.h"
#include "test_numbers.h"

namespace {

const unsigned N = 8, F = 3, P = 4, C = 5;

typedef vendor::fixed<12, 3> candidate_t; // 9 fraction bits
typedef vendor::ufixed<6, 2> point_t;     // 4
typedef vendor::fixed<8, 4> edge_t;       // 4
typedef vendor::fixed<9, 5> maximum_t;    // 4, exact
typedef vendor::ufixed<7, 2> feature_t;   // 5
typedef vendor::ufixed<10, 5> sum_t;      // 5, exact
typedef vendor::ufixed<10, 2> mean_t;     // 8: the same bits

// Neighbours in the plane of columns 1 and 2: 9 fraction bits are rounded to 5, and saturate.
template <unsigned K> struct static_config : nnet::knn_gather_config {
    static const unsigned n_constituent = N, n_feature = F, n_point = F, n_channel = C;
    static const unsigned first_coordinate = 1, n_coordinate = 2, n_neighbour = K;
    typedef vendor::rounded_fixed<7, 2> coordinate_t;
    typedef vendor::fixed<8, 3> difference_t;
    typedef vendor::ufixed<15, 5> distance_t;
    typedef vendor::counter<3> rank_t;
};

// Neighbours in the space of three columns, of a type that needs no rounding.
template <unsigned K> struct dynamic_config : nnet::knn_gather_config {
    static const unsigned n_constituent = N, n_feature = F, n_point = P, n_channel = C;
    static const unsigned first_coordinate = 0, n_coordinate = 3, n_neighbour = K;
    typedef vendor::rounded_ufixed<6, 2> coordinate_t;
    typedef vendor::fixed<7, 3> difference_t;
    typedef vendor::ufixed<14, 6> distance_t;
    typedef vendor::counter<3> rank_t;
};

struct mean_config : nnet::constituent_mean_config {
    static const unsigned n_constituent = N, n_feature = F, n_channel = C;
    typedef sum_t accum_t;
};

typedef std::vector<std::int64_t> integers;

template <class T> void fill(const integers &from, T *to) {
    for (std::size_t i = 0; i < from.size(); i++)
        to[i] = from_integer<T>(from[i]);
}

template <class T, unsigned WIDTH> void send(const T *from, vendor::stream<nnet::array<T, WIDTH>> &to) {
    for (unsigned i = 0; i < N; i++) {
        nnet::array<T, WIDTH> packet;
        for (unsigned f = 0; f < WIDTH; f++)
            packet[f] = from[i * WIDTH + f];
        to.write(packet);
    }
}

// integer / 2^shift to the nearest integer, halves to the even one, within [low, high].
std::int64_t rounded(std::int64_t integer, int shift, std::int64_t low, std::int64_t high) {
    const std::int64_t unit = std::int64_t(1) << shift, below = integer >> shift, rest = 2 * (integer - below * unit);
    const std::int64_t nearest = below + (rest > unit || (rest == unit && below % 2 != 0));
    return std::min(std::max(nearest, low), high);
}

// coordinates: (N, D)
integers expected_maximum(const integers &candidates, const integers &coordinates, unsigned D, const integers &edges,
                          unsigned k) {
    integers maximum(N * C, 0);
    for (unsigned i = 0; i < N; i++) {
        if (candidates[i * F] <= 0)
            continue;
        std::vector<std::pair<std::int64_t, unsigned>> others;
        for (unsigned j = 0; j < N; j++) {
            std::int64_t distance = 0;
            for (unsigned d = 0; d < D; d++) {
                const std::int64_t difference = coordinates[i * D + d] - coordinates[j * D + d];
                distance += difference * difference;
            }
            if (j != i && candidates[j * F] > 0)
                others.emplace_back(distance, j);
        }
        std::sort(others.begin(), others.end());
        if (others.size() > k)
            others.resize(k);
        if (others.empty())
            others.emplace_back(0, i);
        for (unsigned c = 0; c < C; c++) {
            std::int64_t largest = INT64_MIN;
            for (const auto &other : others)
                largest = std::max(largest, edges[other.second * 2 * C + C + c]);
            maximum[i * C + c] = edges[i * 2 * C + c] + largest;
        }
    }
    return maximum;
}

integers expected_mean(const integers &candidates, const integers &features) {
    integers sum(C, 0);
    for (unsigned i = 0; i < N; i++)
        for (unsigned c = 0; c < C; c++)
            sum[c] += candidates[i * F] > 0 ? features[i * C + c] : 0;
    return sum; // in steps of 1/N feature steps
}

template <class T> unsigned differences(const integers &wanted, const T *found) {
    unsigned wrong = 0;
    for (std::size_t i = 0; i < wanted.size(); i++)
        wrong += to_integer(found[i]) != wanted[i];
    return wrong;
}

template <class T, unsigned WIDTH>
unsigned differences(const integers &wanted, vendor::stream<nnet::array<T, WIDTH>> &stream) {
    std::vector<T> found(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); i += WIDTH) {
        const nnet::array<T, WIDTH> packet = stream.read();
        for (unsigned c = 0; c < WIDTH; c++)
            found[i + c] = packet[c];
    }
    return differences(wanted, found.data()) + leftover(stream);
}

struct Jet {
    integers candidates = integers(N * F), points = integers(N * P), edges = integers(N * 2 * C),
             features = integers(N * C);
    candidate_t candidates_fixed[N * F];
    point_t points_fixed[N * P];
    edge_t edges_fixed[N * 2 * C];
    feature_t features_fixed[N * C];

    // Of `constituents` constituents, at random places if `scattered`. Coordinates come from a few values if `tied`,
    // and padding is filled with numbers that would change the result if it were read.
    Jet(std::mt19937 &random, unsigned constituents, bool scattered, bool tied, bool extreme) {
        const auto draw = [&](std::int64_t low, std::int64_t high) {
            if (extreme)
                return random() % 2 ? low : high;
            return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
        };
        bool valid[N];
        for (unsigned i = 0; i < N; i++)
            valid[i] = i < constituents;
        if (scattered)
            std::shuffle(valid, valid + N, random);
        for (unsigned i = 0; i < N; i++) {
            candidates[i * F] = valid[i] ? draw(1, 2047) : draw(-2048, 0);
            for (unsigned f = 1; f < F; f++)
                candidates[i * F + f] = tied ? 512 * draw(-1, 1) : draw(-2048, 2047);
            for (unsigned p = 0; p < P; p++)
                points[i * P + p] = tied ? draw(0, 1) : draw(0, 63);
        }
        for (auto &edge : edges)
            edge = draw(-128, 127);
        for (auto &feature : features)
            feature = draw(0, 127);
        fill(candidates, candidates_fixed);
        fill(points, points_fixed);
        fill(edges, edges_fixed);
        fill(features, features_fixed);
    }
};

template <unsigned K> unsigned test_candidates_as_points(Jet &jet) {
    integers coordinates(N * 2);
    for (unsigned i = 0; i < N; i++)
        for (unsigned d = 0; d < 2; d++)
            coordinates[i * 2 + d] = rounded(jet.candidates[i * F + 1 + d], 4, -64, 63);
    const integers wanted = expected_maximum(jet.candidates, coordinates, 2, jet.edges, K);

    maximum_t found[N * C];
    nnet::knn_gather<candidate_t, edge_t, maximum_t, static_config<K>>(jet.candidates_fixed, jet.edges_fixed, found);
    vendor::stream<nnet::array<candidate_t, F>> candidates;
    vendor::stream<nnet::array<edge_t, 2 * C>> edges;
    vendor::stream<nnet::array<maximum_t, C>> maximum;
    send(jet.candidates_fixed, candidates);
    send(jet.edges_fixed, edges);
    nnet::knn_gather<nnet::array<candidate_t, F>, nnet::array<edge_t, 2 * C>, nnet::array<maximum_t, C>,
                     static_config<K>>(candidates, edges, maximum);
    return differences(wanted, found) + differences(wanted, maximum) + leftover(candidates) + leftover(edges);
}

template <unsigned K> unsigned test_other_points(Jet &jet) {
    integers coordinates(N * 3);
    for (unsigned i = 0; i < N; i++)
        for (unsigned d = 0; d < 3; d++)
            coordinates[i * 3 + d] = jet.points[i * P + d];
    const integers wanted = expected_maximum(jet.candidates, coordinates, 3, jet.edges, K);

    maximum_t found[N * C];
    nnet::knn_gather<candidate_t, point_t, edge_t, maximum_t, dynamic_config<K>>(
        jet.candidates_fixed, jet.points_fixed, jet.edges_fixed, found);
    vendor::stream<nnet::array<candidate_t, F>> candidates;
    vendor::stream<nnet::array<point_t, P>> points;
    vendor::stream<nnet::array<edge_t, 2 * C>> edges;
    vendor::stream<nnet::array<maximum_t, C>> maximum;
    send(jet.candidates_fixed, candidates);
    send(jet.points_fixed, points);
    send(jet.edges_fixed, edges);
    nnet::knn_gather<nnet::array<candidate_t, F>, nnet::array<point_t, P>, nnet::array<edge_t, 2 * C>,
                     nnet::array<maximum_t, C>, dynamic_config<K>>(candidates, points, edges, maximum);
    return differences(wanted, found) + differences(wanted, maximum) + leftover(candidates) + leftover(points) +
           leftover(edges);
}

unsigned test_mean(Jet &jet) {
    const integers wanted = expected_mean(jet.candidates, jet.features);
    mean_t found[C];
    nnet::constituent_mean<candidate_t, feature_t, mean_t, mean_config>(jet.candidates_fixed, jet.features_fixed,
                                                                        found);
    vendor::stream<nnet::array<candidate_t, F>> candidates;
    vendor::stream<nnet::array<feature_t, C>> features;
    vendor::stream<nnet::array<mean_t, C>> mean;
    send(jet.candidates_fixed, candidates);
    send(jet.features_fixed, features);
    nnet::constituent_mean<nnet::array<candidate_t, F>, nnet::array<feature_t, C>, nnet::array<mean_t, C>, mean_config>(
        candidates, features, mean);
    return differences(wanted, found) + differences(wanted, mean) + leftover(candidates) + leftover(features);
}

} // namespace

int main() {
    std::mt19937 random(1);
    unsigned jets = 0, gather = 0, mean = 0;
    for (unsigned trial = 0; trial < 150; trial++)
        for (unsigned constituents = 0; constituents <= N; constituents++) {
            Jet jet(random, constituents, trial % 2 == 1, trial % 3 == 1, trial % 5 == 4);
            gather += test_candidates_as_points<1>(jet) + test_candidates_as_points<3>(jet);
            // As many neighbours as there are others, and more.
            gather += test_candidates_as_points<N - 1>(jet) + test_candidates_as_points<N + 1>(jet);
            gather += test_other_points<1>(jet) + test_other_points<3>(jet);
            mean += test_mean(jet);
            jets++;
        }
    std::printf("knn_gather: %u mismatches in %u jets\n", gather, jets);
    std::printf("constituent_mean: %u mismatches in %u jets\n", mean, jets);
    return gather || mean ? 1 : 0;
}
