"""``edgeood import``: a network trained elsewhere → a run, with scores and working points fitted on the recipe's jets.

Nothing is believed: the run's network must be the model's integer meaning to the last weight, the model itself must
compute the same logits of the validation jets, and they must stand in the order of the recipe's classes.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import atomic_path
from edgeood.files.output import output_folder
from edgeood.files.recovery import recover
from edgeood.fixed_point.graph import INPUT, FixedGraph, Quantize
from edgeood.foreign.checks import check_classes, check_logits
from edgeood.foreign.network import ForeignNetwork
from edgeood.foreign.recipe_of_graph import fill, sections_of
from edgeood.jets.split import TRAIN, VALIDATION
from edgeood.networks.build import build_network
from edgeood.recipe import Recipe, override, parse_recipe
from edgeood.resources import recipes_folder
from edgeood.run import Run
from edgeood.training.enough_jets import check_enough
from edgeood.training.known_jets import jet_paths, read_known_jets
from edgeood.training.sealing import seal
from edgeood.yaml_files import read_yaml

_STAND_INS = {
    "images": {"kind": "cnn", "blocks": [{"filters": 1, "kernel": 1}]},
    "trigger_candidates": {"kind": "particlenet_lite", "neighbours": 1},
}
"""Inputs → a network that reads them"""


def import_model(
    model: str | os.PathLike[str],
    recipe: Recipe | str | Path,
    out: str | os.PathLike[str] | None = None,
    *,
    jets: Sequence[str | Path] | None = None,
    changes: Sequence[str] = (),
) -> Run:
    """Make a run of a quantized network that was trained elsewhere.

    Parameters
    ----------
    model : a ``.keras`` file of QKeras layers, or a QONNX file (``.onnx``), as Brevitas exports it; a classifier
        whose last but one dense layer is the representation
    recipe : a recipe, its file, or the name of a shipped one: jets, classes in the order of the logits, inputs, score
        and target are its own, the sections ``network`` and ``quantization`` the model's, and may be left out. Its
        ``quantization.input`` counts where the model takes its input as it is
    out : the run directory (default: ``runs/<recipe name>``); a new one
    jets : jet files or folders, instead of the recipe's own
    changes : of the recipe: assignments such as ``inputs.pixels=25``

    Raises :class:`EdgeoodError` for a model with a layer or a setting that has no integer meaning, one that reads other
    inputs than the recipe's, computes other logits than its integers say or has its classes in another order, and for
    jets as in a training.
    """
    asked = recipe if isinstance(recipe, Recipe) else _asked(recipe, changes)
    source, folder = Path(model), output_folder(out if out is not None else Path("runs") / asked.name)
    recover(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise EdgeoodError(f"{folder} is not empty; choose another --out.")
    files = jet_paths(asked, jets)
    foreign = _read(source)
    graph = _with_rounded_input(foreign.graph, asked)
    sections, layers = sections_of(graph, foreign.toolkit, str(source))
    resolved = parse_recipe(
        asked.model_dump(mode="json") | sections | {"distillation": None},
        f"{source} with recipe '{asked.name}'",
    )
    network = build_network(resolved)
    fill(network, layers, graph, str(source))  # type: ignore[arg-type]
    known, held_out = read_known_jets(resolved, files, (TRAIN, VALIDATION))
    check_enough(resolved, known, held_out)
    compared = check_logits(foreign, graph, held_out.inputs, source)
    accuracy = check_classes(graph, held_out, list(resolved.data.classes), source)
    imported = {
        "file": source.name,
        "sha256": sha256_of(source),
        "compared_jets": compared,
        "balanced_accuracy": round(accuracy, 4),
    }
    data = {path.name: sha256_of(path) for path in files}
    with atomic_path(folder) as temporary:
        seal(resolved, temporary, network, known, held_out, data, imported=imported)
    return Run.open(folder)


def _asked(recipe: str | Path, changes: Sequence[str]) -> Recipe:
    """The recipe, with any network that its inputs feed where it leaves that out."""
    content = read_yaml(recipe, recipes_folder(), "recipe")
    for assignment in changes:
        override(content, assignment)
    inputs = content.get("inputs")
    kind = inputs.get("kind", "images") if isinstance(inputs, dict) else "images"
    content.setdefault("network", _STAND_INS.get(kind, _STAND_INS["images"]))
    return parse_recipe(content, str(recipe))


def _read(source: Path) -> ForeignNetwork:
    if source.suffix == ".keras":
        from edgeood.foreign.qkeras_model import read_keras

        return read_keras(source)
    if source.suffix == ".onnx":
        from edgeood.foreign.qonnx_model import read_qonnx_model

        return read_qonnx_model(source)
    raise EdgeoodError(
        f"{source} is neither a .keras nor a QONNX (.onnx) file; save it as one: model.save(...) of Keras, "
        "export_qonnx of Brevitas."
    )


def _with_rounded_input(graph: FixedGraph, recipe: Recipe) -> FixedGraph:
    """The graph as a chip has it, which cannot take an input as it is."""
    first = graph.operations[0] if graph.operations else None
    if isinstance(first, Quantize) and INPUT in first.inputs:
        return graph
    settings = recipe.quantization
    if settings is None:
        raise EdgeoodError(
            "the model does not round its input, which a chip has to; set quantization.input in the recipe, or begin "
            "the model with a quantizer."
        )
    entry = Quantize("input_quantizer", (INPUT,), settings.input)
    behind = tuple(
        replace(one, inputs=tuple(entry.name if name == INPUT else name for name in one.inputs))
        for one in graph.operations
    )
    return FixedGraph(graph.shape, (entry, *behind), graph.representation, graph.logits)
