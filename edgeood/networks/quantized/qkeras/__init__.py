"""Twins of QKeras layers, on Keras' torch backend, and the ``.keras`` files that hold them."""
