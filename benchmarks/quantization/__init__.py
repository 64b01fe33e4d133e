"""Float networks against their quantized twins: detection, mass sculpting, cost, and bit equality of the engines."""
