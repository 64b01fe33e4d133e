"""Score jets with lib@NAME@.so: python load_emulator.py [jets.dat]

A line of the file is a jet: @INPUTS@ numbers, and its mass in GeV if the design reads it. A line of output is its
score as an integer and whether it is anomalous.
"""

import ctypes
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
library = ctypes.CDLL(str(here / "lib@NAME@.so"))
inputs = getattr(library, "@NAME@_inputs")()
masses = getattr(library, "@NAME@_masses")()
decide = getattr(library, "@NAME@_decide")
floats, integer, byte = (
    ctypes.POINTER(ctypes.c_float),
    ctypes.POINTER(ctypes.c_int64),
    ctypes.POINTER(ctypes.c_uint8),
)
decide.argtypes = [floats, floats, ctypes.c_int64, integer, byte]

file = sys.argv[1] if len(sys.argv) > 1 else here / "test_vectors" / "inputs.dat"
numbers = [float(number) for number in Path(file).read_text().split()]
rows = [numbers[start : start + inputs + masses] for start in range(0, len(numbers), inputs + masses)]
flat = [number for row in rows for number in row[:inputs]]
mass = [row[-1] for row in rows]
integers, anomalous = (ctypes.c_int64 * len(rows))(), (ctypes.c_uint8 * len(rows))()
given = (ctypes.c_float * len(flat))(*flat), (ctypes.c_float * len(rows))(*mass)
decide(*given, len(rows), integers, anomalous)
for score, decision in zip(integers, anomalous, strict=True):
    print(score, decision)
