// The interface by which CMSSW runs an hls4ml network that lives in a shared library. This header takes part only
// where hls4mlEmulatorExtras, which owns the interface, is not installed: the order of the functions is the binary
// contract and must stay as it is.

#ifndef HLS4ML_EMULATOR_H_
#define HLS4ML_EMULATOR_H_

#include <any>

namespace hls4mlEmulator {

class Model {
  public:
    virtual void prepare_input(std::any input) = 0;
    virtual void predict() = 0;
    virtual void read_result(std::any result) = 0;
    virtual ~Model() = default;
};

} // namespace hls4mlEmulator

#endif
