"""Released detectors: trained, exported and measured, they score jets in two lines of Python.

::

    from edgeood import load_released

    scores, anomalous = load_released("particlenet-lite").decide("jets.h5")

A released detector is a run directory without what only its training needed, and with a model card (``card.md``,
``card.json``), test vectors (``vectors.npz``: network inputs and the integer scores that every engine must give
for them) and a few jets (``jets.h5``). Scoring needs NumPy, h5py and ONNX Runtime only.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.export.record import same_as_recorded
from edgeood.files.model_card import CARD, RESTORE, read_card
from edgeood.files.reading import read_arrays
from edgeood.inputs import inputs_of, needs_of
from edgeood.inputs.needs import Needs
from edgeood.jets.domain import Outside
from edgeood.jets.format import Jets, Paths, iterate_jets
from edgeood.resources import released_folder
from edgeood.runtime import Decided
from edgeood.runtime.numbers import check_numbers
from edgeood.runtime.onnxruntime import OnnxRuntime
from edgeood.suggestions import suggestion

VECTORS, EXAMPLE = "vectors.npz", "jets.h5"
MASSES, DECISIONS = "mass", "_anomalous"
"""In the test vectors: masses in GeV, and the ending of a score's decisions at them."""
_BATCH = 2048


class Detector:
    """A released network with one of its fused scores; larger = more anomalous."""

    def __init__(self, folder: Path, card: dict[str, Any], score: str, threads: int | None = None) -> None:
        self.folder = folder
        self.card = card
        """the model card: data, metrics, limits, types, checksums"""
        self.score_name = score
        path = folder / card["scores"][score]["file"]
        self._engine = OnnxRuntime(path, threads=threads)
        about = self._engine.about
        # What a card does not tell, a table of thresholds in mass, is the model's alone.
        told = {"decision": about.get("decision"), **card["scores"][score]}
        told |= {"score": score, "inputs": card["inputs"]}
        same_as_recorded(told, about, path, f"its {CARD}", RESTORE)

    def __repr__(self) -> str:
        return f"<Detector {self.name}: {self.score_name}, anomalous above {self.threshold:g}>"

    @property
    def name(self) -> str:
        """Name of the detector."""
        return str(self.card["name"])

    @property
    def needs(self) -> Needs:
        """The fields of jets and constituents that it reads; a card of release 0.1 does not list them."""
        told = self.card.get("needs")
        if told is None:
            return needs_of(self.card["inputs"])
        return Needs(tuple(told["jets"]), tuple(told["constituents"]))

    @property
    def threshold(self) -> float:
        """The working point with one threshold for all masses: jets with a score above it are anomalous."""
        return float(self.card["scores"][self.score_name]["threshold"])

    @property
    def mass_blind(self) -> bool:
        """Whether :meth:`decide` has a threshold for each jet mass; those of release 0.1 have one for all."""
        return self._engine.mass_blind

    @property
    def step(self) -> float:
        """Distance between neighbouring scores: firmware computes score / step, an integer."""
        return float(self.card["scores"][self.score_name]["step"])

    def __call__(self, jets: Paths | Jets | NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores of jets: a jet file, a folder, a sequence of them, or what :meth:`score` takes.

        Warns once (:class:`~edgeood.errors.OutsideDomainWarning`) if the jets are others than it is made for.
        """
        if isinstance(jets, np.ndarray):
            return self._engine(jets)
        return self._decided([jets] if isinstance(jets, Jets) else iterate_jets(jets, _BATCH)).scores

    def score(self, jets: Jets | NDArray[Any]) -> NDArray[np.float64]:
        """(N,) scores of jets in memory, or of their network inputs (N, …) float32. Warns as calling it does."""
        return self._engine(jets) if isinstance(jets, np.ndarray) else self._decided([jets]).scores

    def decide(self, jets: Paths | Jets) -> Decided:
        """``scores`` (N,) and ``anomalous`` (N,) of a jet file, a folder, a sequence of them, or jets in memory.

        The decision is the model's own: where it is :attr:`mass_blind`, its threshold depends on the jet's mass. Warns
        as calling the detector does.
        """
        return self._decided([jets] if isinstance(jets, Jets) else iterate_jets(jets, _BATCH))

    def _decided(self, batches: Iterable[Jets]) -> Decided:
        who = f"detector '{self.name}'"
        outside = Outside(self.card.get("domain"))
        scores, anomalous = [np.empty(0)], [np.empty(0, bool)]
        for batch in batches:
            for start in range(0, len(batch), _BATCH):
                part = batch[start : start + _BATCH]
                inputs = inputs_of(part, self.card["inputs"], who)
                decided = self._engine.decide(inputs, part.jets["mass"])
                scores.append(check_numbers(decided.scores, who))
                anomalous.append(decided.anomalous)
                outside.count(part)
        outside.warn(who, stacklevel=4)
        return Decided(np.concatenate(scores), np.concatenate(anomalous))

    def vectors(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The test vectors: network inputs (n, …) and their scores (n,) in units of :attr:`step`."""
        return self._vectors("inputs"), self._vectors(self.score_name)

    def check(self) -> int:
        """Number of test vectors that this machine scores, or decides, otherwise than the card says; 0 is right."""
        inputs, expected = self.vectors()
        wrong = self.score(inputs) != expected * self.step
        if self.mass_blind:
            decided = self._engine.decide(inputs, self._vectors(MASSES))
            wrong |= decided.anomalous != self._vectors(f"{self.score_name}{DECISIONS}")
        return int(np.sum(wrong))

    def _vectors(self, name: str) -> NDArray[Any]:
        """One array of the test vectors."""
        content = read_arrays(self.folder / VECTORS, RESTORE)
        if name not in content:
            raise EdgeoodError(f"{self.folder / VECTORS} has no array '{name}'; {RESTORE}")
        return content[name]

    def example(self) -> Path:
        """A file with a few jets to try the detector on."""
        return self.folder / EXAMPLE


def released_names() -> list[str]:
    """Names of the detectors that come with the package."""
    return sorted(file.parent.name for file in released_folder().glob(f"*/{CARD}"))


def load_released(
    name: str | os.PathLike[str], score: str | None = None, *, threads: int | None = None
) -> Detector:
    """A released detector, by its name (:func:`released_names`) or its folder.

    Parameters
    ----------
    score : ``max_logit`` or ``mahalanobis_diagonal`` (default: the one that the detector was made for)
    threads : of ONNX Runtime (default: one)

    Raises :class:`EdgeoodError` if there is no such detector or score, or a file of it is not what was released.
    """
    folder = released_folder() / os.fspath(name)
    if not (folder / CARD).is_file():
        folder = Path(name)
    if not (folder / CARD).is_file():
        known = released_names()
        hint = suggestion(os.fspath(name), known, f"choose one of {', '.join(known)}, or give a folder.")
        raise EdgeoodError(f"there is no released detector '{os.fspath(name)}'; {hint}")
    card = read_card(folder / CARD)
    chosen = score or card["score"]
    if chosen not in card["scores"]:
        raise EdgeoodError(
            f"detector '{card['name']}' has no score '{chosen}'; choose {' or '.join(card['scores'])}."
        )
    for file in (card["scores"][chosen]["file"], VECTORS):
        if not (folder / file).is_file() or sha256_of(folder / file) != card["files"].get(file):
            raise EdgeoodError(f"{folder / file} is not the file that was released; install edgeood again.")
    return Detector(folder, card, chosen, threads)
