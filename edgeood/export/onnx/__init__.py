"""QONNX, the interchange format, and what is made of it for ONNX Runtime."""
