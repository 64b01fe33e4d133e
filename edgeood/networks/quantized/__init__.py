"""Quantized twins: their types, their layers from either toolkit, and the fixed-point graph that they become."""
