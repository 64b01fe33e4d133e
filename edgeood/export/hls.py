"""QONNX → hls4ml project for Vitis, whose only output is the fused score.

hls4ml turns Quant nodes into types and chooses exact accumulators by itself; what it must be told is the input
type (the first Quant's own, so that pixels are rounded on entry), the score operators
(:mod:`edgeood.export.hls4ml_layers`), a namespace, and the target.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export import score_ops
from edgeood.export.hls4ml_layers import BACKEND, exact_type, register_score_layers
from edgeood.export.hls_files import (
    drop_build_products,
    fill_constants_in_a_loop,
    readme,
    write_test_bench,
    write_vectors,
)
from edgeood.fixed_point import FixedPoint
from edgeood.recipe import Target
from edgeood.scores.fused import FusedScore

_CPP_WORDS = {
    "int",
    "float",
    "double",
    "auto",
    "new",
    "class",
    "struct",
    "template",
    "namespace",
    "main",
    "nnet",
    "hls",
}


def project_name(name: str) -> str:
    """A C identifier from a recipe's name: letters, digits and underscores, not starting with a digit."""
    identifier = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_").lower() or "network"
    return f"p_{identifier}" if identifier[0].isdigit() or identifier in _CPP_WORDS else identifier


def project_namespace(project: str, qonnx: onnx.ModelProto) -> str:
    """The project's own C++ namespace: its name and a hash of its network, so that no two share a symbol."""
    digest = hashlib.sha256(qonnx.SerializeToString(deterministic=True)).hexdigest()
    return f"{project}_{digest[:12]}"


def write_project(
    qonnx: onnx.ModelProto,
    score: FusedScore,
    target: Target,
    name: str,
    folder: Path,
    log: Path,
    vectors: tuple[NDArray, NDArray],
) -> dict[str, str]:
    """Write the Vitis project of a QONNX graph with its fused score into ``folder``.

    Parameters
    ----------
    qonnx : graph from :func:`edgeood.export.qonnx.to_qonnx`
    target : part, clock, interface, strategy and reuse factor
    name : the recipe's
    log : where everything goes that hls4ml says
    vectors : (n, 1, P, P) images and their (n,) expected integer scores, for the test bench

    Returns the ``project`` and ``namespace`` names and the HLS types of ``input`` and ``output``.
    Raises :class:`EdgeoodError` naming the log if the conversion fails or would lose bits.
    """
    project = project_name(name)
    namespace = project_namespace(project, qonnx)
    with _speaking_into(log):
        try:
            model, input_type = _convert(qonnx, target, project, namespace, folder)
            _check_types(model, score)
            model.write()
            fill_constants_in_a_loop(folder / "firmware" / "weights")
            write_test_bench(model, namespace, score.score_type, folder / f"{project}_test.cpp")
        except EdgeoodError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise EdgeoodError(f"hls4ml could not convert the network ({reason}); see {log}.") from error
    about = {
        "project": project,
        "namespace": namespace,
        "input": input_type.hls_type,
        "output": exact_type(score.score_type),
    }
    write_vectors(folder / "tb_data", *vectors)
    (folder / "README.md").write_text(readme(about, score, target), encoding="utf-8")
    drop_build_products(folder)
    return about


def _convert(
    qonnx: onnx.ModelProto, target: Target, project: str, namespace: str, folder: Path
) -> tuple[Any, FixedPoint]:
    import hls4ml
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.util.cleanup import cleanup_model

    register_score_layers()
    network = onnx.ModelProto.FromString(qonnx.SerializeToString())
    operator = score_ops.detach(network)
    graph = ModelWrapper(network).transform(ConvertToChannelsLastAndClean(make_input_channels_last=True))
    graph = cleanup_model(graph)
    score_ops.attach(graph.model, operator)
    strategy = target.strategy.capitalize()
    config = hls4ml.utils.config.config_from_onnx_model(
        graph, granularity="name", backend=BACKEND, default_reuse_factor=target.reuse_factor
    )
    config["Model"]["Strategy"] = strategy
    for layer in config["LayerName"].values():
        layer["Strategy"] = strategy
    input_type = _input_type(graph)
    entry = config["LayerName"][graph.graph.input[0].name]
    entry["Precision"]["result"] = input_type.hls_type.replace("ap_", "").replace("AP_", "")
    model = hls4ml.converters.convert_from_onnx_model(
        graph,
        hls_config=config,
        output_dir=str(folder),
        project_name=project,
        namespace=namespace,
        backend=BACKEND,
        io_type=target.io_type,
        part=target.part,
        clock_period=target.clock_ns,
        # Constants belong into the sources: synthesis needs no files, and C-simulation starts faster.
        write_weights_txt=False,
    )
    return model, input_type


def _input_type(graph: Any) -> FixedPoint:
    """The type of the Quant node that reads the graph's input."""
    (first,) = graph.find_consumers(graph.graph.input[0].name)
    bits = int(graph.get_initializer(first.input[3]))
    fraction = -int(np.log2(float(graph.get_initializer(first.input[1]))))
    signed = bool(next(one.i for one in first.attribute if one.name == "signed"))
    return FixedPoint(bits, bits - signed - fraction, signed)


def _check_types(model: Any, score: FusedScore) -> None:
    """No accumulator may lose a bit: checked against the constants, not trusted."""
    for layer in model.get_layers():
        if layer.class_name in ("Dense", "Conv2D"):
            taken, kept = layer.get_input_variable().type.precision, layer.get_attr("accum_t").precision
            weights, bias = layer.get_weights("weight"), layer.get_weights("bias")
            fraction = max(
                taken.fractional + weights.type.precision.fractional, bias.type.precision.fractional
            )
            reach = 2.0 ** (taken.integer - taken.signed)
            # The resource strategy has the outputs first, the latency strategy last.
            outputs = 0 if layer.get_attr("_weights_transposed") else weights.data.ndim - 1
            axes = tuple(axis for axis in range(weights.data.ndim) if axis != outputs)
            largest = (np.abs(weights.data).sum(axis=axes) * reach + np.abs(bias.data)).max()
            if (
                kept.fractional < fraction
                or 2.0 ** (kept.integer - kept.signed) <= largest
                or not kept.signed
            ):
                raise EdgeoodError(
                    f"hls4ml chose the accumulator {kept} for layer '{layer.name}', which loses bits of sums up to "
                    f"{largest:g} in steps of 2^-{fraction}; choose narrower types in quantization.layers."
                )
    output = model.get_output_variables()[0].type.precision
    wanted = score.score_type
    if (output.width, output.integer) != (wanted.bits, wanted.integer + wanted.signed):
        raise EdgeoodError(
            f"hls4ml changed the type of the score from {wanted.hls_type} to {output}; report this."
        )


@contextmanager
def _speaking_into(log: Path) -> Iterator[None]:
    """Send everything that is written to the terminal, by Python or not, into a file instead."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with open(log, "w", encoding="utf-8") as file:
        try:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            python = sys.stdout, sys.stderr
            sys.stdout = sys.stderr = file
            yield
        finally:
            sys.stdout, sys.stderr = python
            file.flush()
            for number, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, number)
                os.close(copy)
