"""The physics benchmark: every system of CC22 and GZ24, trained on our jets, beside the published numbers.

CC22: Cheng & Courville, JHEP 10 (2022) 152, arXiv:2201.07199, set A. GZ24: Gandrakota et al.,
arXiv:2401.08777, set B. ``python -m benchmarks.physics --scale smoke|cpu|paper`` makes the jets or takes given
ones, trains what is not trained yet, and writes ``physics.json`` and ``physics.md``.
"""
