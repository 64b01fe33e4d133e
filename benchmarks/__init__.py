"""Scripts that make every figure and table that the project publishes."""
