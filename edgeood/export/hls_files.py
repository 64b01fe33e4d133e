"""What an HLS project holds beside hls4ml's files: test vectors, a self-checking test bench, a description."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.export.hls4ml_layers import exact_type
from edgeood.fixed_point import FixedPoint
from edgeood.recipe import Target
from edgeood.resources import firmware_folder
from edgeood.scores.fused import FusedScore


def write_vectors(folder: Path, images: NDArray, integers: NDArray) -> None:
    """Test vectors for the test bench: a line of pixels each, and the integer that its score must be."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = images.astype(np.float64).reshape(len(images), -1)
    lines = [" ".join(format(pixel, ".9g") for pixel in image) for image in flat]
    (folder / "tb_input_features.dat").write_text("\n".join(lines) + "\n")
    (folder / "expected_integers.dat").write_text("\n".join(str(int(value)) for value in integers) + "\n")


def write_test_bench(model: Any, namespace: str, score_type: FixedPoint, path: Path) -> None:
    """Our self-checking test bench in place of hls4ml's, which only prints."""
    (given,), (result,) = model.get_input_variables(), model.get_output_variables()
    text = (firmware_folder() / "score_test_bench.cpp").read_text(encoding="utf-8")
    parts = {
        "PROJECT": model.config.get_project_name(),
        "NAMESPACE": namespace,
        "PIXELS": str(int(np.prod(given.shape))),
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


def readme(about: Mapping[str, str], score: FusedScore, target: Target) -> str:
    types = "\n".join(f"| {name} | `{exact_type(kind)}` |" for name, kind in score.types().items())
    threshold = int(np.floor(score.threshold / score.step))
    packets = (
        "one pixel per packet, row by row (η, then φ); the score follows as one packet"
        if target.io_type == "io_stream"
        else "all pixels at once, row by row (η, then φ)"
    )
    return f"""# {about["project"]}: anomaly score in firmware

Made by edgeood (`edgeood export --target vitis`) through hls4ml.
Top function `{about["namespace"]}::{about["project"]}`.

| port | type | |
|---|---|---|
| input | `{about["input"]}` | {packets} |
| output | `{about["output"]}` | the score `{score.name}`, in steps of {score.step!r} |

A jet is anomalous if its score, as an integer, is greater than **{threshold}** ({score.threshold!r}).

| number | type |
|---|---|
{types}

Target: {target.part}, {target.clock_ns} ns, {target.io_type}, strategy {target.strategy},
reuse factor {target.reuse_factor}.

## C-simulation and synthesis

`edgeood csim RUN jets.h5` compiles this folder with g++ alone. With Vitis HLS:

    vitis-run --mode hls --tcl build_prj.tcl        # C-simulation and synthesis, as build_opt.tcl says

The test bench `{about["project"]}_test.cpp` feeds the images of `tb_data/tb_input_features.dat` to the design and
compares the scores with `tb_data/expected_integers.dat` (in units of the step); a mismatch fails the simulation.

Every symbol lies in the namespace `{about["namespace"]}`, so several networks can share a design or a process.
"""
