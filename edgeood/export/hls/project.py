"""QONNX → hls4ml project for Vitis HLS, Vivado HLS, Intel HLS or Catapult, whose only output is the fused score.

hls4ml turns Quant nodes into types and chooses exact accumulators by itself; what it must be told is the input
type (the first Quant's own, so that inputs are rounded on entry), our operators
(:mod:`edgeood.export.hls.score_layers`, :mod:`edgeood.export.hls.constituent_layers`), a namespace, and the target.
"""

import contextlib
import errno
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
from edgeood.export.hls.catapult import own_pooling_types, put_constants_into_sources, tidy
from edgeood.export.hls.channels_last import channels_last, pointwise_sizes
from edgeood.export.hls.constituent_layers import register_constituent_layers
from edgeood.export.hls.decision_layer import register_decision_layer
from edgeood.export.hls.files import (
    drop_build_products,
    drop_sizes,
    fill_constants_in_a_loop,
    settle_stamp,
    write_test_bench,
    write_vectors,
)
from edgeood.export.hls.project_types import check_score_type, exact_types, project_layers
from edgeood.export.hls.readme import TOOLS, readme
from edgeood.export.hls.score_layers import register_score_layers
from edgeood.export.hls.vendors import VENDORS, Backend, exact_type, rounded_type
from edgeood.export.onnx.decision_operator import MASS
from edgeood.export.onnx.qonnx import to_qonnx
from edgeood.files.system_errors import system_number
from edgeood.fixed_point import FixedPoint
from edgeood.recipe import Target
from edgeood.scores.fused.network import FusedNetwork
from edgeood.scores.fused.proof import prove

INTEL_DEVICE = "Arria10"
"""hls4ml's usual device of Intel, in place of a part of AMD."""

_STAMP = 8
"""Letters of the stamp that hls4ml gives a library's name."""

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
    network: FusedNetwork,
    target: Target,
    name: str,
    folder: Path,
    log: Path,
    vectors: NDArray[Any],
    backend: Backend = "Vitis",
) -> dict[str, str]:
    """Write the HLS project of a fused network into ``folder``.

    Parameters
    ----------
    target : part, clock, interface, strategy and reuse factor; for Intel HLS, :data:`INTEL_DEVICE` stands in for a
        part of AMD ("xc…")
    name : the recipe's
    log : where everything goes that hls4ml says
    vectors : (n, …) images or candidates, for the test bench
    backend : whose HLS compiler the project is for

    Returns the ``project``'s name, its ``namespace`` (of Vitis and Vivado projects; the others have none) and the HLS
    types of ``input`` and ``output``, and of ``mass`` where the decision reads it.
    Raises :class:`EdgeoodError` naming the log if the conversion fails or would lose bits.
    """
    vendor = VENDORS[backend]
    if vendor == "intel" and target.part.startswith("xc"):
        target = target.model_copy(update={"part": INTEL_DEVICE})
    project, score, qonnx = project_name(name), network.score, to_qonnx(network)
    mass_type = network.decision.mass_type if network.decision else None
    namespace = project_namespace(project, qonnx)
    with _speaking_into(log):
        try:
            model, input_type = _convert(qonnx, mass_type, target, project, namespace, folder, backend)
            check_score_type(model, score)
            # No accumulator may lose a bit: proven, as hls4ml knows the types but not the constants.
            prove(network, exact_types(model))
            model.write()
            settle_stamp(folder, model.config.get_config_value("Stamp"), namespace[-_STAMP:])
            layers = project_layers(model)
            if vendor == "siemens":
                put_constants_into_sources(folder, project)
                tidy(folder)
            fill_constants_in_a_loop(folder / "firmware" / "weights")
            if vendor == "intel":
                drop_sizes(folder / f"{project}_bridge.cpp")
            write_test_bench(model, vendor, namespace, score.score_type, folder / f"{project}_test.cpp")
        except EdgeoodError:
            raise
        except Exception as error:
            if system_number(error) in (errno.ENOSPC, errno.EDQUOT):
                raise  # nothing that the network or the log could explain
            reason = " ".join(str(error).split()) or type(error).__name__
            raise EdgeoodError(f"hls4ml could not convert the network ({reason}); see {log}.") from error
    about = {
        "project": project,
        **({"namespace": namespace} if vendor == "amd" else {}),
        "input": rounded_type(input_type, vendor),
        "output": exact_type(score.score_type, vendor),
        **({"mass": rounded_type(mass_type, vendor)} if mass_type else {}),
    }
    write_vectors(folder / "tb_data", network, vectors)
    (folder / "README.md").write_text(
        readme(about, network, target, layers, TOOLS[backend]), encoding="utf-8"
    )
    drop_build_products(folder)
    return about


def _convert(
    qonnx: onnx.ModelProto,
    mass_type: FixedPoint | None,
    target: Target,
    project: str,
    namespace: str,
    folder: Path,
    backend: Backend,
) -> tuple[Any, FixedPoint]:
    # hls4ml looks into Keras where it is installed; our twins need it to run on torch.
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import hls4ml

    register_score_layers()
    register_constituent_layers()
    register_decision_layer()
    graph = channels_last(qonnx)
    strategy = target.strategy.capitalize()
    config = hls4ml.utils.config.config_from_onnx_model(
        graph, granularity="name", backend=backend, default_reuse_factor=target.reuse_factor
    )
    config["Model"]["Strategy"] = strategy
    for layer in config["LayerName"].values():
        layer["Strategy"] = strategy
    if target.strategy == "resource":
        compiler = hls4ml.backends.get_backend(backend)
        for layer_name, sizes in pointwise_sizes(graph).items():
            # hls4ml forgets the factor that it has corrected when it makes a layer a pointwise one.
            possible = compiler.get_valid_reuse_factors(*sizes)
            reuse = compiler.get_closest_reuse_factor(possible, target.reuse_factor)
            config["LayerName"][layer_name]["ReuseFactor"] = reuse
    quantized = {node.output[0]: _quantized_type(graph, node) for node in graph.get_nodes_by_op_type("Quant")}
    (first,) = graph.find_consumers(graph.graph.input[0].name)
    input_type = quantized[first.output[0]]
    config["LayerName"][graph.graph.input[0].name]["Precision"]["result"] = _plain(input_type)
    if mass_type is not None:
        config["LayerName"][MASS]["Precision"]["result"] = _plain(mass_type)
    options: dict[str, Any] = {}
    if backend == "Catapult":
        own_pooling_types(graph, config, {name: _plain(fixed_type) for name, fixed_type in quantized.items()})
    else:
        # Constants belong into the sources: synthesis needs no files, and C-simulation starts faster.
        options = {"namespace": namespace, "write_weights_txt": False}
    model = hls4ml.converters.convert_from_onnx_model(
        graph,
        hls_config=config,
        output_dir=str(folder),
        project_name=project,
        backend=backend,
        io_type=target.io_type,
        part=target.part,
        clock_period=target.clock_ns,
        **options,
    )
    return model, input_type


def _quantized_type(graph: Any, node: onnx.NodeProto) -> FixedPoint:
    """The type that a Quant node rounds to."""
    bits = int(graph.get_initializer(node.input[3]))
    fraction = -int(np.log2(float(np.max(graph.get_initializer(node.input[1])))))
    signed = bool(next(one.i for one in node.attribute if one.name == "signed"))
    return FixedPoint(bits, bits - signed - fraction, signed)


def _plain(fixed_type: FixedPoint) -> str:
    """A type as hls4ml's configuration has it."""
    return fixed_type.hls_type.replace("ap_", "").replace("AP_", "")


@contextmanager
def _speaking_into(log: Path) -> Iterator[None]:
    """Send everything that is written to the terminal, by Python or not, into a file instead."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    python = sys.stdout, sys.stderr
    file = open(log, "w", encoding="utf-8")  # noqa: SIM115 - closed below, whatever a full disk says to it
    try:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = file
        yield
    finally:
        sys.stdout, sys.stderr = python
        # A log that finds no place on a full disk must not keep the terminal.
        with contextlib.suppress(OSError):
            file.flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        with contextlib.suppress(OSError):
            file.close()
