"""Score jets with lib@NAME@.so: python load_emulator.py [jets.dat]

A line of the file is a jet, as @INPUTS@ numbers; one of output its score as an integer and whether it is anomalous.
"""

import ctypes
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
library = ctypes.CDLL(str(here / "lib@NAME@.so"))
inputs = getattr(library, "@NAME@_inputs")()
threshold = getattr(library, "@NAME@_threshold")
threshold.restype = ctypes.c_int64
score = getattr(library, "@NAME@_score")
score.argtypes = [ctypes.POINTER(ctypes.c_float), ctypes.c_int64, ctypes.POINTER(ctypes.c_int64)]

file = sys.argv[1] if len(sys.argv) > 1 else here / "test_vectors" / "inputs.dat"
numbers = [float(number) for number in Path(file).read_text().split()]
jets = len(numbers) // inputs
integers = (ctypes.c_int64 * jets)()
score((ctypes.c_float * len(numbers))(*numbers), jets, integers)
for integer in integers:
    print(integer, int(integer > threshold()))
