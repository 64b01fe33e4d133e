"""The end of a training: weights, scores and working points are written down, and the run is closed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import atomic_path
from edgeood.jets.domain import domain_of
from edgeood.jets.split import VALIDATION
from edgeood.networks.build import fastest_device, outputs_of
from edgeood.networks.load import load_network
from edgeood.recipe import Recipe
from edgeood.run import Parameters, Run
from edgeood.scores import fit_scores, load_score
from edgeood.scores.fused import FUSED_SCORES, fused_score
from edgeood.scores.working_point import threshold_for
from edgeood.training.gauge.fixing import fix_gauge
from edgeood.training.known_jets import KnownJets, read_known_jets

if TYPE_CHECKING:
    from torch import nn


def seal(
    recipe: Recipe,
    folder: Path,
    network: "nn.Module",
    train: KnownJets,
    validation: KnownJets,
    data: dict[str, str],
    **more: Any,
) -> Run:
    """Save weights and scores, fit the working points, and close the run.

    ``data`` are the jet files' checksums, ``more`` goes into the manifest as it is.
    """
    from safetensors.torch import save_file

    network.cpu()
    background = _background(recipe)
    if recipe.quantization is None:
        fix_gauge(network, recipe, train, background)
    with atomic_path(folder / "network.safetensors") as temporary:
        save_file(
            {key: value.detach().contiguous() for key, value in network.state_dict().items()}, temporary
        )
    if recipe.quantization is not None and recipe.quantization.toolkit == "qkeras":
        from edgeood.networks.quantized.qkeras.files import save_keras

        save_keras(network, folder / "network.keras")
    outputs = outputs_of(network, train.inputs, device=fastest_device(recipe))
    fitted = fit_scores(
        outputs.representation,
        outputs.logits,
        train.labels,
        background=background,
        normal=recipe.score.normal,
    )
    parameters = {name: score.parameters() for name, score in fitted.items()}
    scores = with_working_points(recipe, network, parameters, validation)
    jets = {"train": len(train), "validation": len(validation)}
    domain = _domain(background, train, validation)
    return Run.finish(folder, recipe, data, scores=scores, jets=jets, domain=domain, **more)


def _domain(background: int, *parts: KnownJets) -> dict[str, list[float]]:
    """The ranges of the background's jets in all ``parts``."""
    own = [{name: of[jets.labels == background] for name, of in jets.quantities.items()} for jets in parts]
    return domain_of({name: np.concatenate([one[name] for one in own]) for name in own[0]})


def operate_otherwise(run: Run, recipe: Recipe, files: Sequence[Path]) -> Run:
    """The same training with the operating choices of ``recipe``; no weight changes.

    Another working point is fitted again, on the validation jets of the ``files`` that it was trained on. Raises
    :class:`EdgeoodError` if they are others, or too few; the run is then as it was.
    """
    scores = None
    if recipe.score.background_efficiency != run.recipe.score.background_efficiency:
        if {path.name: sha256_of(path) for path in files} != run.manifest["data"]:
            raise EdgeoodError(
                f"{run.path} was trained on other jets than those given; give them, to fit its working point again."
            )
        (validation,) = read_known_jets(recipe, files, (VALIDATION,))
        scores = with_working_points(recipe, load_network(run), run.load_scores(), validation)
    run.check_files()
    return close_again(run, recipe, scores)


def close_again(
    run: Run, recipe: Recipe, scores: Parameters | None = None, folder: Path | None = None, **more: Any
) -> Run:
    """The run with another recipe or other ``scores``, and ``more`` in its manifest; all else there stays.

    In its own folder, or in another one where its network lies.
    """
    kept = {key: value for key, value in run.manifest.items() if key not in Run.WRITTEN}
    data, versions = run.manifest["data"], run.manifest["versions"]
    return Run.finish(folder or run.path, recipe, data, versions=versions, scores=scores, **{**kept, **more})


def with_working_points(
    recipe: Recipe,
    network: "nn.Module",
    parameters: Mapping[str, Mapping[str, NDArray[Any]]],
    jets: KnownJets,
) -> Parameters:
    """The scores' ``parameters`` with thresholds that at most the recipe's share of the background in ``jets`` passes.

    A twin's fused scores get them from the integers that the chip computes, so that the share is exact there. Their
    types keep the error budget at ``design_threshold``, the working point that the score had before it was rounded
    when the run was sealed. Raises :class:`EdgeoodError` as :func:`~edgeood.scores.working_point.threshold_for`.
    """
    background = jets.labels == _background(recipe)
    outputs = outputs_of(network, jets.inputs, device=fastest_device(recipe))
    fitted: Parameters = {}
    for name, own in parameters.items():
        values = load_score(name, own)(outputs.representation, outputs.logits)[background]
        threshold = threshold_for(values, recipe.score.background_efficiency)
        fitted[name] = {**own, "threshold": np.array(threshold)}
    if recipe.quantization is not None:
        inputs = jets.inputs[background]
        for name, thresholds in _of_integers(recipe, network, parameters, fitted, inputs).items():
            fitted[name] |= thresholds
    return fitted


def _of_integers(
    recipe: Recipe,
    network: "nn.Module",
    before: Mapping[str, Mapping[str, NDArray[Any]]],
    fitted: Parameters,
    inputs: NDArray[np.float32],
) -> Parameters:
    """``threshold`` and ``design_threshold`` of the fused scores that firmware can compute, from background inputs."""
    from edgeood.fixed_point.evaluation import exact_outputs
    from edgeood.networks.quantized.fixed_graph import fixed_graph

    found: Parameters = {}
    outputs = exact_outputs(fixed_graph(network), inputs)  # type: ignore[arg-type]
    for name in FUSED_SCORES:
        # A run that was sealed before keeps its arithmetic, whatever its working point becomes.
        design = before[name].get("design_threshold", before[name]["threshold"])
        if not np.isfinite(design):
            design = fitted[name]["threshold"]
        try:
            fused = fused_score(recipe, name, {**fitted[name], "design_threshold": design})
        except EdgeoodError:
            # Its float working point stays; an export of this score says what is wrong.
            continue
        integers = fused.integers(*outputs)
        threshold = threshold_for(integers, recipe.score.background_efficiency) * fused.step
        found[name] = {"threshold": np.array(threshold), "design_threshold": np.array(design)}
    return found


def _background(recipe: Recipe) -> int:
    """Class index of the background."""
    return list(recipe.data.classes).index(recipe.data.background)
