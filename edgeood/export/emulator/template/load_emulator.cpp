// Score jets with an emulator, as CMSSW does: ./load_emulator ./lib@NAME@.so < test_vectors/inputs.dat
// A line of input is a jet: @INPUTS@ numbers, and its mass in GeV if the design reads it. A line of output is its score as
// an integer and whether it is anomalous.

#include <cstdint>
#include <dlfcn.h>
#include <iostream>
#include <vector>

#include "hls4ml/emulator.h"

int main(int, char **arguments) {
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return std::cerr << dlerror() << std::endl, 1;
    auto create = reinterpret_cast<hls4mlEmulator::Model *(*)()>(dlsym(library, "create_model"));
    auto destroy = reinterpret_cast<void (*)(hls4mlEmulator::Model *)>(dlsym(library, "destroy_model"));
    auto inputs = reinterpret_cast<int (*)()>(dlsym(library, "@NAME@_inputs"));
    auto masses = reinterpret_cast<int (*)()>(dlsym(library, "@NAME@_masses"));
    hls4mlEmulator::Model *model = create();
    std::vector<float> jet(inputs() + masses());
    double number;
    for (std::size_t i = 0; std::cin >> number; i++) {
        jet[i % jet.size()] = number;
        if (i % jet.size() != jet.size() - 1)
            continue;
        std::int64_t integer;
        bool anomalous;
        model->prepare_input(jet.data());
        model->predict();
        model->read_result(&integer);
        model->read_result(&anomalous);
        std::cout << integer << " " << anomalous << std::endl;
    }
    destroy(model);
}
