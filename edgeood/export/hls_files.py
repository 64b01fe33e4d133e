"""What an HLS project holds beside hls4ml's files: test vectors, a self-checking test bench, a description."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.export.hls4ml_layers import exact_type
from edgeood.export.hls_types import LayerTypes
from edgeood.fixed_point import FixedPoint
from edgeood.recipe import Target
from edgeood.resources import firmware_folder
from edgeood.scores.fused import FusedScore


def write_vectors(folder: Path, inputs: NDArray, integers: NDArray) -> None:
    """Test vectors for the test bench: a line of inputs for each jet, and the integer that its score must be."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = inputs.astype(np.float64).reshape(len(inputs), -1)
    lines = [" ".join(format(number, ".9g") for number in jet) for jet in flat]
    (folder / "tb_input_features.dat").write_text("\n".join(lines) + "\n")
    (folder / "expected_integers.dat").write_text("\n".join(str(int(value)) for value in integers) + "\n")


def write_test_bench(model: Any, namespace: str, score_type: FixedPoint, path: Path) -> None:
    """Our self-checking test bench in place of hls4ml's, which only prints."""
    (given,), (result,) = model.get_input_variables(), model.get_output_variables()
    text = (firmware_folder() / "score_test_bench.cpp").read_text(encoding="utf-8")
    parts = {
        "PROJECT": model.config.get_project_name(),
        "NAMESPACE": namespace,
        "INPUTS": str(int(np.prod(given.shape))),
        "FRACTION": str(score_type.fraction),
        "INPUT_DEFINITION": given.definition_cpp(),
        "OUTPUT_DEFINITION": result.definition_cpp(),
        "INPUT_TYPE": given.type.name,
        "INPUT": given.name,
        "OUTPUT": result.name,
    }
    for key, value in parts.items():
        text = text.replace(f"@{key}@", value)
    path.write_text(text, encoding="utf-8")


_CONSTANTS = re.compile(r"^(?P<type>\w+) (?P<name>\w+)\[(?P<size>\d+)\] = (?P<values>\{.*?\});$", re.S | re.M)
_FILLED = """// C-simulation fills the array in a loop: g++ takes minutes to inline thousands of constructors.
#define EDGEOOD_VALUES {values}
#ifdef __SYNTHESIS__
{type} {name}[{size}] = EDGEOOD_VALUES;
#else
{type} {name}[{size}];
static const double {name}_values[{size}] = EDGEOOD_VALUES;
static const bool {name}_filled = [] {{
    for (unsigned i = 0; i < {size}; i++)
        {name}[i] = {name}_values[i];
    return true;
}}();
#endif
#undef EDGEOOD_VALUES
"""


def fill_constants_in_a_loop(folder: Path) -> None:
    """Rewrite the constants' headers so that g++ compiles them in no time (synthesis sees what it saw before)."""
    for header in folder.glob("*.h"):
        text = header.read_text(encoding="utf-8")
        header.write_text(
            _CONSTANTS.sub(lambda found: _FILLED.format(**found.groupdict()), text), encoding="utf-8"
        )


def drop_build_products(folder: Path) -> None:
    """hls4ml's own configuration holds absolute paths and a pickle-like model dump: not for others' machines."""
    for name in ("hls4ml_config.yml", "keras_model.keras", "onnx_model.onnx"):
        (folder / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class Tool:
    """The HLS compiler that a project is for."""

    name: str
    target: str
    """of ``edgeood export``"""
    commands: str
    settings: str
    """where the project's script has its steps"""


TOOLS = {
    "Vitis": Tool(
        "Vitis HLS",
        "vitis",
        "    vitis-run --mode hls --tcl build_prj.tcl        # Vitis 2024.2 and later\n"
        "    vitis_hls -f build_prj.tcl                      # earlier ones",
        "`build_opt.tcl`",
    ),
    "Vivado": Tool(
        "Vivado HLS",
        "vivado",
        '    vivado_hls -f build_prj.tcl "csim=1 synth=1 cosim=1 validation=1"',
        "the command line, with the defaults at the head of `build_prj.tcl`",
    ),
}


def least_interval(shape: tuple[int, ...], target: Target) -> int:
    """Cycles between two jets that no layer can go below: one packet takes ``reuse_factor`` cycles.

    ``shape`` is the input's: (H, W, 1) of an image, (N, F) of candidates, whose gathers read N packets and then
    make N rows.
    """
    if target.io_type == "io_parallel":
        return target.reuse_factor
    packets = math.prod(shape[:-1])
    return packets * target.reuse_factor + (packets if len(shape) == 2 else 0)


def readme(
    about: Mapping[str, str], score: FusedScore, target: Target, layers: Sequence[LayerTypes], tool: Tool
) -> str:
    """The project's description for a firmware engineer."""
    shape = layers[0].shape
    table = "\n".join(
        f"| {row.name} | {' × '.join(map(str, row.shape))} | {_code(row.accumulator)} | {_code(row.result)} |"
        for row in layers
    )
    types = "\n".join(f"| {name} | `{exact_type(kind)}` |" for name, kind in score.types().items())
    threshold = int(np.floor(score.threshold / score.step))
    interval = least_interval(shape, target)
    reports = f"{about['project']}_prj/solution1/syn/report"
    return f"""# {about["project"]}: anomaly score in firmware

Made by edgeood (`edgeood export --target {tool.target}`) through hls4ml, for {tool.name}.
Top function `{about["namespace"]}::{about["project"]}`.

## Interface

| port | type | |
|---|---|---|
| input | `{about["input"]}` | {_order(shape, target)} |
| output | `{about["output"]}` | the score `{score.name}`, in steps of {score.step!r} |

A jet is anomalous if its score, as an integer, is greater than **{threshold}** ({score.threshold!r}).

## Latency budget

Target: {target.part}, {target.clock_ns} ns, {target.io_type}, strategy {target.strategy},
reuse factor {target.reuse_factor}.

By its structure, the design takes a jet every {interval} cycles ({interval * target.clock_ns:g} ns) at best. Latency,
interval and resources are what synthesis reports in `{reports}`.{_deeper(shape, target)}

## Fixed-point types

Results with `RND_CONV` and `SAT` are rounded half to even and saturate; all other numbers are exact, and proven to
fit their types for every input.

| layer | shape | accumulator | result |
|---|---|---|---|
{table}

| number of the score | type |
|---|---|
{types}

## C-simulation and synthesis

`edgeood csim RUN jets.h5` compiles this folder with g++ alone. With {tool.name}:

{tool.commands}

C-simulation, synthesis, co-simulation and the comparison of both simulations are switched in {tool.settings}; part
and clock stand in `project.tcl`. The test bench `{about["project"]}_test.cpp` feeds the jets of
`tb_data/tb_input_features.dat` to the design and compares the scores with `tb_data/expected_integers.dat` (in units
of the step); the first mismatch fails the simulation.

Every symbol lies in the namespace `{about["namespace"]}`, so several networks can share a design or a process.
"""


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _order(shape: tuple[int, ...], target: Target) -> str:
    """In which order a jet enters."""
    stream = target.io_type == "io_stream"
    if len(shape) == 2:
        constituents, features = shape
        order = f"{constituents} candidates of {features} numbers: momentum, Δη, Δφ{', identity' * (features > 3)}"
        return (
            f"one candidate per packet, {order}; the score follows as one packet"
            if stream
            else f"{order}; one after the other, all at once"
        )
    order = "row by row (η, then φ)"
    return (
        f"one pixel per packet, {order}; the score follows as one packet"
        if stream
        else f"all pixels at once, {order}"
    )


def _deeper(shape: tuple[int, ...], target: Target) -> str:
    """What keeps streamed candidates waiting."""
    if len(shape) != 2 or target.io_type != "io_stream":
        return ""
    return (
        "\nThe candidates wait in FIFOs of one jet for the gathers and the mean; deeper ones let the next jets enter "
        "before\nthe mean of the last is formed."
    )
