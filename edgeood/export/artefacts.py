"""The files of an export, written wholly or not at all."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edgeood
from edgeood.atomic import atomic_path, write_text
from edgeood.export import origin
from edgeood.fixed_point import FixedPoint
from edgeood.networks.load import load_network
from edgeood.run import Run
from edgeood.scores.fused import FusedScore, fused_score

_RANDOM_VECTORS = 16


def _common(run: Run, kind: str, threshold: float) -> dict[str, Any]:
    """What a consumer of the artefacts must know, as plain JSON."""
    recipe = run.manifest["recipe"]
    return {
        "score": kind,
        "threshold": threshold,
        "inputs": recipe["inputs"],
        "classes": list(recipe["data"]["classes"]),
        "edgeood": edgeood.__version__,
    }


def float_description(run: Run, kind: str, parameters: Mapping[str, NDArray]) -> dict[str, Any]:
    """``score.json`` of a float run."""
    common = _common(run, kind, float(parameters["threshold"]))
    return {**common, "made_from": origin(run), "artefacts": {"onnx": {}}}


def quantized_description(run: Run, kind: str, score: FusedScore) -> dict[str, Any]:
    """``score.json`` of a quantized run, without the artefacts. ``integer > threshold_integer`` selects a jet."""
    types = {
        name: {"bits": kind.bits, "integer": kind.integer, "signed": kind.signed}
        for name, kind in score.types().items()
    }
    return {
        **_common(run, kind, score.threshold),
        "step": score.step,
        "threshold_integer": math.floor(score.threshold / score.step),
        "types": types,
    }


def write_float_onnx(
    run: Run, kind: str, parameters: Mapping[str, NDArray], about: dict[str, Any], path: Path
) -> None:
    """The float network and its score as plain ONNX."""
    import onnx

    from edgeood.export.onnx.float_network import to_onnx
    from edgeood.export.onnx.lowering import describe

    model = to_onnx(load_network(run), kind, parameters, run.recipe.inputs.model_dump()["pixels"])
    describe(model, {key: about[key] for key in _common(run, kind, 0.0)})
    with atomic_path(path) as temporary:
        onnx.save(model, temporary)


def write_quantized(
    run: Run,
    kind: str,
    parameters: Mapping[str, NDArray],
    target: str,
    path: Path,
    vectors: NDArray | None,
) -> dict[str, Any]:
    """One artefact of a quantized run, and the proof of its ranges; returns the content of ``score.json``."""
    import onnx

    from edgeood.export.hls.vendors import HLS_TARGETS
    from edgeood.export.onnx.qonnx import to_qonnx
    from edgeood.export.range_proof import prove
    from edgeood.networks.quantized.exact import exact_outputs
    from edgeood.networks.quantized.fixed_graph import fixed_graph

    recipe = run.recipe
    score = fused_score(recipe, kind, parameters)
    graph = fixed_graph(load_network(run))  # type: ignore[arg-type]
    ranges = prove(graph, score)
    qonnx = to_qonnx(graph, score)
    metadata = quantized_description(run, kind, score)
    artefact: dict[str, Any] = {}
    if target in HLS_TARGETS:
        from edgeood.export.hls.project import write_project

        if vectors is None:
            vectors = _random_inputs(graph.shape, graph.input_type)
        outputs = exact_outputs(graph, vectors)
        expected = score.integers(outputs.representation, outputs.logits)
        with atomic_path(path) as temporary:
            artefact = write_project(
                qonnx,
                score,
                recipe.target,
                recipe.name,
                temporary,
                run.export_folder(kind) / "hls4ml.log",
                (vectors, expected),
                HLS_TARGETS[target],
            )
    else:
        if target == "onnx":
            from edgeood.export.onnx.lowering import lower

            qonnx = lower(qonnx, metadata)
        else:
            from edgeood.export.onnx.lowering import describe

            describe(qonnx, metadata)
        with atomic_path(path) as temporary:
            onnx.save(qonnx, temporary)
    write_text(path.with_name("ranges.json"), json.dumps(ranges, indent=1) + "\n")
    return {**metadata, "made_from": origin(run), "artefacts": {target: artefact}}


def _random_inputs(shape: tuple[int, ...], kind: FixedPoint) -> NDArray[np.float32]:
    """Inputs (n, *shape) from nearly empty to saturated."""
    random = np.random.default_rng(0)
    inputs = random.random((_RANDOM_VECTORS, *shape)) ** 8
    size = np.linspace(0, 2 * min(kind.high, 1.0), _RANDOM_VECTORS)
    return (inputs * size.reshape(-1, *[1] * len(shape))).astype(np.float32)
