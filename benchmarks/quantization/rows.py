"""The results table: one row for each quantized twin and fused score."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.quantization.designs import Design, design_of
from benchmarks.quantization.engines import Comparison, compare
from benchmarks.quantization.measures import MEAN, Compared, Detection, Measured, Measuring
from benchmarks.quantization.runs import Pair
from benchmarks.quantization.scoring import ALONE, Scores, fused_scores_of, scores_of
from edgeood.evaluation.held_out import HeldOut
from edgeood.evaluation.mass.decision import evaluate_decisions
from edgeood.networks.build import OutputArrays
from edgeood.networks.load import load_network
from edgeood.run import Run
from edgeood.scores.fused.network import fused_network

ONE_HALF, WORKING_POINT = "0.5", "0.01"
"""Background efficiencies, as rows have them: that of the papers, and a trigger's."""
ByShare = Mapping[str, Mapping[str, Any]]
"""Background efficiency → measure → value and error."""


@dataclass(frozen=True)
class Row:
    """One line of ``quantization.json``, which begins with :meth:`headline`. A value is a pair with its error."""

    network: str
    size: int
    """Candidates of a jet, or pixels along one side."""
    identity: bool
    leptons_first: bool
    toolkit: str
    bits_weights: int
    """Of the widest weight of a hidden layer."""
    bits_activations: int
    score: str
    ebops: int
    """Effective bit operations of network and score for one jet."""
    detection: Mapping[str, Mapping[str, Compared]]
    """Signal, or ``mean`` of all → ``auroc``, ``efficiency_at_0.01`` (the signal's, at ε_B = 0.01; with 100,000
    background jets also at 0.001) → ``teacher``, ``twin``, and ``difference``, with the error of the same jets."""
    within_mass: Mapping[str, Mapping[str, Compared]]
    """The same of the scores flattened in mass."""
    sculpting: Mapping[str, ByShare]
    """``teacher`` and ``twin`` → ε_B that one threshold lets pass → ``jsd`` (bits) and ``wasserstein_gev`` of the
    mass spectra of all background jets and of those; ``chance`` → ε_B → ``mean`` and ``q95`` of scores that know
    nothing of mass."""
    decisions: ByShare
    """ε_B → what the calibrated twin's mass-blind decision does (:mod:`edgeood.evaluation.mass.decision`)."""
    engines: tuple[str, ...]
    mismatches: int | None
    """Scores, of jets and corner inputs, that any two of the engines computed differently; None: not compared."""
    decision_mismatches: int | None
    compared: Mapping[str, int]
    """Engine → jets that it was compared on."""
    full: Mapping[str, Measured]
    """``auroc`` and ``within_mass``, means over signals, of the score of the same meaning of the full float
    ParticleNet; empty where there is none to compare with."""
    jets: int
    """Tested on."""
    background_jets: int
    fresh_background: bool
    """Whether these are of files that no run was trained on."""
    trained_jets: int
    epochs: int
    run: str
    teacher: str

    @property
    def design(self) -> Design:
        """What tells the twin from others."""
        return Design(*(getattr(self, name) for name in Design._fields))

    def jsd(self, share: str, of: str = "twin") -> Measured:
        """The Jensen–Shannon divergence where this share of the background passes one threshold."""
        value, error = self.sculpting[of][share]["jsd"]
        return value, error

    def headline(self) -> dict[str, Any]:
        """The numbers that say most: AUROCs are means over signals, JSD is at a background efficiency of one half."""
        auroc, flattened = self.detection[MEAN]["auroc"], self.within_mass[MEAN]["auroc"]
        return {
            "network": self.network,
            "toolkit": self.toolkit,
            "score": self.score,
            "bits": self.design.bits,
            "ebops": self.ebops,
            "auroc_float": auroc.teacher[0],
            "auroc_quantized": auroc.twin[0],
            "error": auroc.twin[1],
            "flattened_float": flattened.teacher[0],
            "flattened_quantized": flattened.twin[0],
            "jsd_float": self.jsd(ONE_HALF, "teacher")[0],
            "jsd_quantized": self.jsd(ONE_HALF)[0],
        }


def total_ebops(run: Run, names: Sequence[str]) -> dict[str, int]:
    """Score → effective bit operations of a twin and that score."""
    twin = load_network(run)
    return {name: sum(fused_network(run, name, twin).bit_operations().values()) for name in names}


def rows_of(
    pair: Pair,
    measuring: Measuring,
    comparison: Comparison | None,
    files: Sequence[Path],
    folder: Path,
    tell: Callable[[str], None],
) -> list[Row]:
    """A row for each fused score that firmware can compute of a twin; scores and comparisons are kept in ``folder``.

    ``comparison`` None leaves the engines out.
    """
    test, twin = measuring.test, pair.twin
    scores = {run.path.name: scores_of(run, test, folder, tell) for run in pair.runs}
    names = fused_scores_of(twin)
    agreement = compare(twin, names, comparison, files, folder, tell) if comparison else {}
    tell(f"measuring {twin.path.name}")
    recipe, of_twin = twin.recipe, scores[twin.path.name]
    ebops = total_ebops(twin, names)
    decisions = _decisions(twin, measuring, of_twin)
    rows = []
    for name in names:
        compared = [scores[pair.teacher.path.name][name], of_twin[name], *_of_full(pair, scores, name)]
        detection = measuring.detection(compared)
        within_mass = measuring.detection([measuring.within_mass(score) for score in compared])
        sculpting = {
            role: measuring.sculpting(run.path.name, name, score)
            for (role, run), score in zip(
                (("teacher", pair.teacher), ("twin", twin)), compared[:2], strict=True
            )
        }
        rows.append(
            Row(
                **design_of(recipe)._asdict(),
                score=name,
                ebops=ebops[name],
                detection=detection.all_compared(),
                within_mass=within_mass.all_compared(),
                sculpting={**sculpting, "chance": measuring.chance},
                decisions=decisions.get(name, {}),
                engines=comparison.engines if comparison else (),
                mismatches=agreement[name]["mismatches"] if comparison else None,
                decision_mismatches=agreement[name]["decision_mismatches"] if comparison else None,
                compared=agreement[name]["compared"] if comparison else {},
                full=_full(detection, within_mass) if pair.full else {},
                jets=len(test.jets),
                background_jets=int(test.background.sum()),
                fresh_background=test.fresh,
                trained_jets=int(twin.manifest.get("jets", {}).get("train", 0)),
                epochs=recipe.training.epochs,
                run=twin.path.name,
                teacher=pair.teacher.path.name,
            )
        )
    return rows


def _decisions(twin: Run, measuring: Measuring, scores: Scores) -> dict[str, Any]:
    """What the mass-blind decisions of a twin do on the test jets; empty if it was never calibrated."""
    nothing = np.empty((0, 0), np.float32)
    held_out = HeldOut(measuring.test.jets, scores, {}, OutputArrays(nothing, nothing))
    return evaluate_decisions(twin, held_out)


def _of_full(pair: Pair, scores: Mapping[str, Scores], name: str) -> list[NDArray[np.float64]]:
    """The full network's score of the same meaning, if there is a full network."""
    if pair.full is None:
        return []
    same = {
        "known": {},
        "background": ALONE,
        "background_density": {"mahalanobis_diagonal": ALONE["mahalanobis_diagonal"]},
    }[pair.twin.recipe.score.normal]
    return [scores[pair.full.path.name][same.get(name, name)]]


def _full(detection: Detection, within_mass: Detection) -> dict[str, Measured]:
    return {
        "auroc": detection.measured(2, MEAN, "auroc"),
        "within_mass": within_mass.measured(2, MEAN, "auroc"),
    }


class _HasHeadline(Protocol):
    """A row of this table or of another that begins with the numbers that say most."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def headline(self) -> dict[str, Any]: ...


def to_json(rows: Sequence[_HasHeadline]) -> str:
    """The rows as a JSON list, one row a line, the headline first."""
    lines = [
        json.dumps({**row.headline(), **dataclasses.asdict(row)}, ensure_ascii=False, allow_nan=False)
        for row in rows
    ]
    return "[\n" + ",\n".join(lines) + "\n]\n"
