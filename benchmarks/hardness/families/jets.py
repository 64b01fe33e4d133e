"""Jet files, mutated in structure, in values and in bytes; scored, or read."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.hardness.families.jet_reading import differing_field, plain_jets
from benchmarks.hardness.family import Family, Outcome
from benchmarks.hardness.mutations.damage import damaged
from benchmarks.hardness.mutations.jet_files import JetFile, begun
from benchmarks.hardness.mutations.jet_structure import structure
from benchmarks.hardness.mutations.jet_values import values
from edgeood.errors import EdgeoodError
from edgeood.jets.format import Jets, Reading, count_jets, read_attributes, read_jets
from edgeood.released import load_released, released_names
from edgeood.resources import released_folder
from edgeood.run import Run
from edgeood.runtime.score import score

_JETS = 12
_OUT = "scores.h5"


class JetFiles(Family[JetFile]):
    """Small jet files and a released detector each."""

    name = "jets"
    share = 0.5

    def __init__(self, material: Path) -> None:
        self.detectors = {name: load_released(name) for name in released_names()}
        self.runs = {name: Run.open(released_folder() / name) for name in self.detectors}
        self.originals = {}
        self.scores: dict[str, NDArray[np.float64]] = {}
        for name, detector in self.detectors.items():
            jets = read_jets(detector.example())
            some = jets[:: len(jets) // _JETS][:_JETS]
            self.originals[name] = (some.jets, some.constituents, some.processes)
            self.scores[name] = detector.score(some)

    def begin(self, rng: random.Random, folder: Path) -> JetFile:
        """A sound file of the jets that a detector is for, and what will be done with it."""
        # A stem that tells the detector, which scores the file.
        detector = rng.choice(sorted(self.detectors))
        subject = begun(rng, folder / f"{detector}.h5", self.originals[detector])
        subject.way = rng.choice(("score", "detector", "detector", "read", "count"))
        subject.skip_bad, subject.sort = (
            (rng.random() < 0.3, rng.random() < 0.2) if subject.way == "score" else (False, False)
        )
        self.bytes_only = rng.random() < 0.4
        return subject

    def mutate(self, subject: JetFile, rng: random.Random) -> str:
        """Structure, values or bytes, the last of files that are else sound or mutated as well."""
        sort = (
            "bytes"
            if self.bytes_only
            else rng.choice(("structure", "structure", "values", "values", "bytes"))
        )
        if sort != "bytes":
            return structure(subject, rng) if sort == "structure" else values(subject, rng)
        subject.sound = False
        own = rng.randrange(2**63)
        subject.damage.append(lambda content: damaged(content, random.Random(own))[0])
        return damaged(b"x" * 5000, random.Random(own))[1]

    def finish(self, subject: JetFile) -> None:
        """Write the file."""
        subject.write()

    def attempt(self, subject: JetFile) -> Any:
        """Score it in either way, read it, or only look at it."""
        name = subject.path.stem
        if subject.way == "score":
            reading = Reading(subject.skip_bad, subject.sort)
            return score(self.runs[name], subject.path, subject.path.with_name(_OUT), reading=reading)
        if subject.way == "detector":
            return self.detectors[name](subject.path)
        if subject.way == "read":
            return read_jets(subject.path)
        return count_jets(subject.path), read_attributes(subject.path)

    def judge(self, subject: JetFile, answer: Any) -> tuple[Outcome, str]:
        """As the original, or as the HDF5 library reads the file."""
        name = subject.path.stem
        if subject.way == "count":
            return (Outcome.SAME if answer[0] == _JETS else Outcome.OTHER), ""
        if isinstance(answer, Jets):
            wrong = differing_field(answer, subject.path)
            same = len(answer) == _JETS and self._scored_the_same(name, answer)
            if wrong:
                return Outcome.FINDING, f"{wrong} is read otherwise than it stands in the file"
        else:
            same = np.array_equal(answer, self.scores[name])
            known = ~np.isnan(answer)
            if not same:
                plain = plain_jets(subject.path, subject.sort)[known]
                if not np.array_equal(self.detectors[name].score(plain), answer[known]):
                    return Outcome.FINDING, "scores are not those of what the file holds"
            if not known.all() and not subject.skip_bad:
                return Outcome.FINDING, "a score is no number"
        if not same and subject.sound:
            return Outcome.FINDING, "another answer, although nothing was changed that matters"
        return (Outcome.SAME if same else Outcome.OTHER), ""

    def _scored_the_same(self, name: str, jets: Jets) -> bool:
        """Sound jets need not tell what a detector needs."""
        try:
            return np.array_equal(self.detectors[name].score(jets), self.scores[name])
        except EdgeoodError:
            return False

    def must_answer(self, subject: JetFile) -> bool:
        """Whether only what does not matter was changed."""
        return subject.sound

    def may_write(self, subject: JetFile) -> Sequence[str]:
        """The file of scores."""
        return (_OUT,)

    def command(self, subject: JetFile) -> list[str] | None:
        """``edgeood score``."""
        if subject.way not in ("score", "detector"):
            # Most look at less than scoring does.
            return None
        return self.surviving_command(subject)

    def surviving_command(self, subject: JetFile) -> list[str]:
        """``edgeood score``, which opens the file in a process of its own first."""
        options = ["--skip-bad"] * subject.skip_bad + ["--sort"] * subject.sort
        run = str(released_folder() / subject.path.stem)
        return ["score", run, str(subject.path), "-o", str(subject.path.with_name(_OUT)), "--quiet", *options]
