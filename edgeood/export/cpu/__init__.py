"""C++ in integers for the CPU."""
