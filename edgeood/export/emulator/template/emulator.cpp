// Emulator of @PROJECT@, version @VERSION@: the C-simulated design behind a C interface (@NAME@.h) and behind the
// interface of CMSSW (hls4ml/emulator.h). One translation unit holds the whole network.

#include <any>
#include <cmath>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
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

template <class In, class Out> struct Design {
    typedef typename Packet<In>::number input;
    typedef typename Packet<Out>::number score;

    static score run(void (*top)(hls::stream<In> &, hls::stream<Out> &), const input *numbers) {
        static_assert(inputs % Packet<In>::size == 0, "a jet is a whole number of packets");
        hls::stream<In> given("given");
        hls::stream<Out> result("result");
        for (int i = 0; i < inputs; i += Packet<In>::size) {
            In packet;
            for (int j = 0; j < Packet<In>::size; j++)
                Packet<In>::at(packet, j) = numbers[i + j];
            given.write(packet);
        }
        top(given, result);
        Out packet = result.read();
        return Packet<Out>::at(packet, 0);
    }

    static score run(void (*top)(In *, Out *), const input *numbers) {
        In given[inputs];
        for (int i = 0; i < inputs; i++)
            given[i] = numbers[i];
        Out result[1];
        top(given, result);
        return result[0];
    }
};

template <class In, class Out> Design<In, Out> design_of(void (*)(hls::stream<In> &, hls::stream<Out> &));
template <class In, class Out> Design<In, Out> design_of(void (*)(In *, Out *));

typedef decltype(design_of(&@PROJECT@)) design;
typedef design::input input;
typedef design::score score;

const int input_fraction = int(input::width) - int(input::iwidth);
const int score_fraction = int(score::width) - int(score::iwidth);
static_assert(score_fraction == @FRACTION@, "the score has the step that its description promises");
static_assert(int(score::width) <= 53, "a double holds every score");

score score_of(const input *numbers) {
    std::lock_guard<std::mutex> lock(one_jet);
    return design::run(&@PROJECT@, numbers);
}

std::int64_t integer_of(const score &value) {
    return static_cast<std::int64_t>(std::ldexp(value.to_double(), score_fraction));
}

// prepare_input takes a pointer to the inputs of one jet, as numbers of the design's own type or as float;
// read_result one to the score as a number of the design's own type, as an integer, or as a double.
class Model final : public hls4mlEmulator::Model {
  public:
    void prepare_input(std::any given) override {
        if (float *const *numbers = std::any_cast<float *>(&given))
            take(*numbers);
        else if (const float *const *numbers = std::any_cast<const float *>(&given))
            take(*numbers);
        else if (input *const *numbers = std::any_cast<input *>(&given))
            take(*numbers);
        else
            take(std::any_cast<const input *>(given));
    }

    void predict() override { result_ = score_of(jet_); }

    void read_result(std::any wanted) override {
        if (std::int64_t *const *integer = std::any_cast<std::int64_t *>(&wanted))
            **integer = integer_of(result_);
        else if (double *const *value = std::any_cast<double *>(&wanted))
            **value = result_.to_double();
        else
            *std::any_cast<score *>(wanted) = result_;
    }

  private:
    template <class T> void take(const T *numbers) {
        for (int i = 0; i < inputs; i++)
            jet_[i] = numbers[i];
    }

    input jet_[inputs];
    score result_;
};

} // namespace emulator
} // namespace @NAME@

extern "C" {

EXPORTED int @NAME@_inputs(void) { return @NAME@::emulator::inputs; }

EXPORTED int @NAME@_input_fraction_bits(void) { return @NAME@::emulator::input_fraction; }

EXPORTED int @NAME@_score_fraction_bits(void) { return @NAME@::emulator::score_fraction; }

EXPORTED int64_t @NAME@_threshold(void) { return @NAME@::emulator::threshold; }

EXPORTED void @NAME@_score(const float *inputs, int64_t n_jets, int64_t *integers) {
    using namespace @NAME@::emulator;
    input jet[@NAME@::emulator::inputs];
    for (int64_t n = 0; n < n_jets; n++) {
        for (input &number : jet)
            number = *inputs++;
        integers[n] = integer_of(score_of(jet));
    }
}

EXPORTED hls4mlEmulator::Model *create_model() { return new @NAME@::emulator::Model; }

EXPORTED void destroy_model(hls4mlEmulator::Model *model) { delete model; }

} // extern "C"
