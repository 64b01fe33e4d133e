"""Search over bit widths and sizes of a quantized twin: detection against effective bit operations."""
