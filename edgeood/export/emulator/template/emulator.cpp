// Emulator of @PROJECT@, version @VERSION@: the C-simulated design behind a C interface (@NAME@.h) and behind the
// interface of CMSSW (hls4ml/emulator.h). One translation unit holds the whole network.

#include <any>
#include <cmath>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "firmware/@PROJECT@.cpp"
#include "@NAME@.h"
#include "hls4ml/emulator.h"

#define EXPORTED __attribute__((visibility("default")))

namespace nnet {
bool trace_enabled = false;
std::map<std::string, void *> *trace_outputs = nullptr;
size_t trace_type_size = sizeof(double);
} // namespace nnet

namespace @NAME@ {
namespace emulator {

const int inputs = @INPUTS@;
const std::int64_t threshold = @THRESHOLD@;

// The line buffers of streamed convolutions are static variables: one jet at a time.
std::mutex one_jet;

// What a port of the design carries: packets of numbers in a stream, or an array of numbers.
template <class T> struct Packet {
    typedef T number;
    static const int size = 1;
    static T &at(T &packet, int) { return packet; }
};
template <class T, unsigned N> struct Packet<nnet::array<T, N>> {
    typedef T number;
    static const int size = N;
    static T &at(nnet::array<T, N> &packet, int i) { return packet[i]; }
};

// Packets into a stream and out of it.
template <class T> void write(hls::stream<T> &port, const typename Packet<T>::number *numbers, int size) {
    for (int i = 0; i < size; i += Packet<T>::size) {
        T packet;
        for (int j = 0; j < Packet<T>::size; j++)
            Packet<T>::at(packet, j) = numbers[i + j];
        port.write(packet);
    }
}

template <class T> void read(hls::stream<T> &port, typename Packet<T>::number *numbers) {
    T packet = port.read();
    for (int j = 0; j < Packet<T>::size; j++)
        numbers[j] = Packet<T>::at(packet, j);
}

// What a design makes of a jet: the score and, if it reads the jet's mass, the decision.
template <class In, class Mass, class Out> struct Design {
    typedef typename Packet<In>::number input;
    typedef typename Packet<Mass>::number mass;
    typedef typename Packet<Out>::number score;
    static const int masses = 1;
    static const int results = 2;

    static void run(void (*top)(hls::stream<In> &, hls::stream<Mass> &, hls::stream<Out> &), const input *numbers,
                    const mass &of_jet, score *result) {
        hls::stream<In> given("given");
        hls::stream<Mass> weighed("weighed");
        hls::stream<Out> decided("decided");
        write(given, numbers, inputs);
        write(weighed, &of_jet, 1);
        top(given, weighed, decided);
        read(decided, result);
    }

    static void run(void (*top)(In *, Mass *, Out *), const input *numbers, const mass &of_jet, score *result) {
        In given[inputs];
        for (int i = 0; i < inputs; i++)
            given[i] = numbers[i];
        Mass weighed[1] = {of_jet};
        top(given, weighed, result);
    }
};

struct None {};

template <class In, class Out> struct Design<In, None, Out> {
    typedef typename Packet<In>::number input;
    typedef double mass;
    typedef typename Packet<Out>::number score;
    static const int masses = 0;
    static const int results = 1;

    static void run(void (*top)(hls::stream<In> &, hls::stream<Out> &), const input *numbers, const mass &,
                    score *result) {
        hls::stream<In> given("given");
        hls::stream<Out> decided("decided");
        write(given, numbers, inputs);
        top(given, decided);
        read(decided, result);
    }

    static void run(void (*top)(In *, Out *), const input *numbers, const mass &, score *result) {
        In given[inputs];
        for (int i = 0; i < inputs; i++)
            given[i] = numbers[i];
        top(given, result);
    }
};

template <class In, class Out> Design<In, None, Out> design_of(void (*)(hls::stream<In> &, hls::stream<Out> &));
template <class In, class Out> Design<In, None, Out> design_of(void (*)(In *, Out *));
template <class In, class Mass, class Out>
Design<In, Mass, Out> design_of(void (*)(hls::stream<In> &, hls::stream<Mass> &, hls::stream<Out> &));
template <class In, class Mass, class Out> Design<In, Mass, Out> design_of(void (*)(In *, Mass *, Out *));

typedef decltype(design_of(&@PROJECT@)) design;
typedef design::input input;
typedef design::mass mass;
typedef design::score score;

const int input_fraction = int(input::width) - int(input::iwidth);
const int score_fraction = int(score::width) - int(score::iwidth);
static_assert(score_fraction == @FRACTION@, "the score has the step that its description promises");
static_assert(int(score::width) <= 53, "a double holds every score");

std::int64_t integer_of(const score &value) {
    return static_cast<std::int64_t>(std::ldexp(value.to_double(), score_fraction));
}

struct Verdict {
    score value;
    bool anomalous;
};

Verdict verdict_on(const input *numbers, const mass &of_jet) {
    std::lock_guard<std::mutex> lock(one_jet);
    score result[design::results];
    design::run(&@PROJECT@, numbers, of_jet, result);
    if (design::results == 2)
        return {result[0], result[design::results - 1] != 0};
    return {result[0], integer_of(result[0]) > threshold};
}

// prepare_input takes a pointer to the inputs of one jet as float, its mass in GeV behind them if the design reads it;
// or one to numbers of the design's own type, paired with one to the mass if it is read. read_result takes a pointer to
// the score as a number of the design's own type, as an integer, or as a double; or one to the decision as bool.
class Model final : public hls4mlEmulator::Model {
  public:
    void prepare_input(std::any given) override {
        if (float *const *numbers = std::any_cast<float *>(&given))
            take(*numbers, *numbers + inputs);
        else if (const float *const *numbers = std::any_cast<const float *>(&given))
            take(*numbers, *numbers + inputs);
        else if (design::masses)
            take_pair(given);
        else if (input *const *numbers = std::any_cast<input *>(&given))
            take(*numbers, &mass_);
        else
            take(std::any_cast<const input *>(given), &mass_);
    }

    void predict() override { result_ = verdict_on(jet_, mass_); }

    void read_result(std::any wanted) override {
        if (std::int64_t *const *integer = std::any_cast<std::int64_t *>(&wanted))
            **integer = integer_of(result_.value);
        else if (double *const *value = std::any_cast<double *>(&wanted))
            **value = result_.value.to_double();
        else if (bool *const *anomalous = std::any_cast<bool *>(&wanted))
            **anomalous = result_.anomalous;
        else
            *std::any_cast<score *>(wanted) = result_.value;
    }

  private:
    template <class T, class M> void take(const T *numbers, const M *of_jet) {
        for (int i = 0; i < inputs; i++)
            jet_[i] = numbers[i];
        if (design::masses)
            mass_ = *of_jet;
    }

    void take_pair(const std::any &given) {
        if (const std::pair<input *, mass *> *jet = std::any_cast<std::pair<input *, mass *>>(&given))
            return take(jet->first, jet->second);
        const auto jet = std::any_cast<std::pair<const input *, const mass *>>(given);
        take(jet.first, jet.second);
    }

    input jet_[inputs];
    mass mass_ = 0;
    Verdict result_;
};

} // namespace emulator
} // namespace @NAME@

extern "C" {

EXPORTED int @NAME@_inputs(void) { return @NAME@::emulator::inputs; }

EXPORTED int @NAME@_masses(void) { return @NAME@::emulator::design::masses; }

EXPORTED int @NAME@_input_fraction_bits(void) { return @NAME@::emulator::input_fraction; }

EXPORTED int @NAME@_score_fraction_bits(void) { return @NAME@::emulator::score_fraction; }

EXPORTED int64_t @NAME@_threshold(void) { return @NAME@::emulator::threshold; }

EXPORTED void @NAME@_decide(const float *inputs, const float *masses, int64_t n_jets, int64_t *integers,
                            uint8_t *anomalous) {
    using namespace @NAME@::emulator;
    input jet[@NAME@::emulator::inputs];
    for (int64_t n = 0; n < n_jets; n++) {
        for (input &number : jet)
            number = *inputs++;
        mass of_jet = 0;
        if (masses)
            of_jet = masses[n];
        const Verdict verdict = verdict_on(jet, of_jet);
        integers[n] = integer_of(verdict.value);
        if (anomalous)
            anomalous[n] = verdict.anomalous;
    }
}

EXPORTED void @NAME@_score(const float *inputs, int64_t n_jets, int64_t *integers) {
    @NAME@_decide(inputs, nullptr, n_jets, integers, nullptr);
}

EXPORTED hls4mlEmulator::Model *create_model() { return new @NAME@::emulator::Model; }

EXPORTED void destroy_model(hls4mlEmulator::Model *model) { delete model; }

} // extern "C"
