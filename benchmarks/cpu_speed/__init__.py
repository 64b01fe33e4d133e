"""Jets per second of bit-exact scoring on one core: C-simulation, ONNX Runtime, integers."""
