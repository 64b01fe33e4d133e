"""The results table: one row for each network, toolkit and fused score."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.quantization.engines import Comparison, compare
from benchmarks.quantization.jets import HeldOutJets
from benchmarks.quantization.measures import paired_auroc
from benchmarks.quantization.runs import Pair
from benchmarks.quantization.scoring import ALONE, Scores, scores_of
from edgeood.evaluation.bootstrap import bootstrap_auroc
from edgeood.evaluation.mass.sculpting import mass_sculpting, mass_sculpting_errors
from edgeood.networks.load import load_network
from edgeood.networks.quantized.layer_types import layer_types
from edgeood.recipe import CNN, ParticleNetLite, Recipe
from edgeood.run import Run
from edgeood.scores.fused import FUSED_SCORES
from edgeood.scores.fused.network import fused_network

BACKGROUND_KEPT = 0.5
"""Share of the background, the most anomalous, whose mass spectrum is compared with that of all [GZ24]."""
_SCULPTING_REPLICAS = 100


@dataclass(frozen=True)
class Row:
    """One line of ``quantization.json``."""

    network: str
    toolkit: str
    score: str
    bits: int
    """Of the widest weight or activation of a hidden layer."""
    ebops: int
    """Effective bit operations of network and score for one jet."""
    auroc_float: float
    auroc_quantized: float
    error: float
    """Of ``auroc_quantized`` (bootstrap)."""
    jsd_float: float
    """Jensen–Shannon divergence in bits of the mass spectra of all and of the most anomalous half of QCD."""
    jsd_quantized: float
    jets: int
    """Tested on."""
    engines: tuple[str, ...]
    mismatches: int
    """Scores, jets and corner inputs, that any two of the engines computed differently."""
    compared: Mapping[str, int]
    """Engine → jets that it was compared on."""
    difference: float
    """``auroc_quantized`` − ``auroc_float``."""
    difference_error: float
    """Of the difference, on the same jets for both."""
    error_float: float
    jsd_float_error: float
    jsd_quantized_error: float
    auroc_full: float | None
    """Of the score of the same meaning of the full float ParticleNet, where there is one to compare with."""
    error_full: float | None
    background_jets: int
    trained_jets: int
    epochs: int
    run: str


def hidden_bits(recipe: Recipe) -> int:
    """Bits of the widest weight or activation of the layers before the representation."""
    assert isinstance(recipe.network, CNN | ParticleNetLite)
    assert recipe.quantization is not None
    types = layer_types(recipe.network, recipe.quantization)
    hidden = [own for name, own in types.items() if name not in ("representation", "logits")]
    return max(own[part].bits for own in hidden for part in ("weights", "activations"))


def total_ebops(run: Run) -> dict[str, int]:
    """Score → effective bit operations of a twin and that score."""
    twin = load_network(run)
    return {name: sum(fused_network(run, name, twin).bit_operations().values()) for name in FUSED_SCORES}


def rows_of(
    pair: Pair,
    test: HeldOutJets,
    comparison: Comparison,
    files: Sequence[Path],
    folder: Path,
    replicas: int,
    tell: Callable[[str], None],
) -> list[Row]:
    """A row for each fused score of a twin; scores and comparisons are kept in ``folder``."""
    scores = {run.path.name: scores_of(run, test, folder, tell) for run in pair.runs}
    agreement = compare(pair.twin, comparison, files, folder, tell)
    recipe = pair.twin.recipe
    ebops = total_ebops(pair.twin)
    mass = test.jets.jets["mass"][test.background]
    rows = []
    for name in FUSED_SCORES:
        of_float, of_twin = (scores[run.path.name][name] for run in (pair.teacher, pair.twin))
        measured = paired_auroc(of_float, of_twin, test.background, replicas)
        sculpting = [_jsd(score[test.background], mass) for score in (of_float, of_twin)]
        full = _full(pair, scores, name, test, replicas)
        rows.append(
            Row(
                network=pair.network,
                toolkit=pair.toolkit,
                score=name,
                bits=hidden_bits(recipe),
                ebops=ebops[name],
                auroc_float=measured.first[0],
                auroc_quantized=measured.second[0],
                error=measured.second[1],
                jsd_float=sculpting[0][0],
                jsd_quantized=sculpting[1][0],
                jets=len(test.jets),
                engines=comparison.engines,
                mismatches=agreement[name]["mismatches"],
                compared=agreement[name]["compared"],
                difference=measured.difference[0],
                difference_error=measured.difference[1],
                error_float=measured.first[1],
                jsd_float_error=sculpting[0][1],
                jsd_quantized_error=sculpting[1][1],
                auroc_full=full[0],
                error_full=full[1],
                background_jets=int(test.background.sum()),
                trained_jets=int(pair.twin.manifest.get("jets", {}).get("train", 0)),
                epochs=recipe.training.epochs,
                run=pair.twin.path.name,
            )
        )
    return rows


def _jsd(score: Any, mass: Any) -> tuple[float, float]:
    value = mass_sculpting(score, mass, BACKGROUND_KEPT).jsd
    return value, mass_sculpting_errors(score, mass, BACKGROUND_KEPT, _SCULPTING_REPLICAS).jsd


def _full(
    pair: Pair, scores: Mapping[str, Scores], name: str, test: HeldOutJets, replicas: int
) -> tuple[float, float] | tuple[None, None]:
    if pair.full is None:
        return None, None
    # The full network's score of the same meaning.
    same = {
        "known": {},
        "background": ALONE,
        "background_density": {"mahalanobis_diagonal": ALONE["mahalanobis_diagonal"]},
    }[pair.twin.recipe.score.normal]
    own = scores[pair.full.path.name][same.get(name, name)]
    return bootstrap_auroc(own[~test.background], own[test.background], replicas)


def to_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list, one row a line."""
    lines = [json.dumps(dataclasses.asdict(row), ensure_ascii=False) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]\n"
