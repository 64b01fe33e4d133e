"""Anomaly triggers you can trust, from collider jets to FPGA firmware.

The same nouns and verbs as on the command line::

    import edgeood

    jets = edgeood.generate("demo", "jets/")
    run = edgeood.train("cnn-nurd-demo", "runs/float", jets=[jets])
    twin = edgeood.train("cnn-nurd-qkeras-demo", "runs/twin", jets=[jets], teacher=run.path)
    edgeood.calibrate(twin)
    edgeood.evaluate(twin)["decisions"]["max_logit"]["0.01"]
    edgeood.export.to(twin, "vitis"), edgeood.export.to(twin, "onnx")
    scores = edgeood.score(twin, "test.h5")                    # ONNX Runtime; or engine="cpu", "csim", …
    edgeood.verify(twin, "test.h5")["mismatches"]
    edgeood.load_released("particlenet-lite")("test.h5")             # a detector that comes with the package

Everything is imported when it is first used: scoring needs NumPy, h5py and ONNX Runtime only.
"""

import importlib
from typing import TYPE_CHECKING, Any

from edgeood.version import __version__ as __version__

_WHERE = {
    "EdgeoodError": "edgeood.errors",
    "Jets": "edgeood.jets.format",
    "Recipe": "edgeood.recipe",
    "Run": "edgeood.run",
    "calibrate": "edgeood.commissioning.calibrate",
    "convert": "edgeood.jets.convert",
    "evaluate": "edgeood.evaluation.evaluate_run",
    "generate": "edgeood.jets.simulation.generate",
    "import_model": "edgeood.foreign.import_model",
    "jets_from_momenta": "edgeood.jets.readers.momenta",
    "load_recipe": "edgeood.recipe",
    "load_released": "edgeood.released",
    "read_jets": "edgeood.jets.format",
    "score": "edgeood.runtime.score",
    "train": "edgeood.training.train",
    "tune": "edgeood.tuning.study",
    "verify": "edgeood.runtime.verify",
    "write_jets": "edgeood.jets.format",
}
__all__ = [
    "EdgeoodError",
    "Jets",
    "Recipe",
    "Run",
    "calibrate",
    "convert",
    "evaluate",
    "export",
    "generate",
    "import_model",
    "jets_from_momenta",
    "load_recipe",
    "load_released",
    "read_jets",
    "score",
    "train",
    "tune",
    "verify",
    "write_jets",
]

if TYPE_CHECKING:
    from edgeood import export
    from edgeood.commissioning.calibrate import calibrate
    from edgeood.errors import EdgeoodError
    from edgeood.evaluation.evaluate_run import evaluate
    from edgeood.foreign.import_model import import_model
    from edgeood.jets.convert import convert
    from edgeood.jets.format import Jets, read_jets, write_jets
    from edgeood.jets.readers.momenta import jets_from_momenta
    from edgeood.jets.simulation.generate import generate
    from edgeood.recipe import Recipe, load_recipe
    from edgeood.released import load_released
    from edgeood.run import Run
    from edgeood.runtime.score import score
    from edgeood.runtime.verify import verify
    from edgeood.training.train import train
    from edgeood.tuning.study import tune


def __getattr__(name: str) -> Any:
    if name == "export":
        return importlib.import_module("edgeood.export")
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'edgeood' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
