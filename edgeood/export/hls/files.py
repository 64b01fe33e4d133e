"""What an HLS project holds beside hls4ml's files, and in their place: test vectors, test bench, constants."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.export.hls.vendors import Vendor
from edgeood.fixed_point import FixedPoint

_TEMPLATE = Path(__file__).parent / "template"


def write_vectors(folder: Path, inputs: NDArray[Any], integers: NDArray[Any]) -> None:
    """Test vectors for the test bench: a line of inputs for each jet, and the integer that its score must be."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = inputs.astype(np.float64).reshape(len(inputs), -1)
    lines = [" ".join(format(number, ".9g") for number in jet) for jet in flat]
    (folder / "tb_input_features.dat").write_text("\n".join(lines) + "\n")
    (folder / "expected_integers.dat").write_text("\n".join(str(int(value)) for value in integers) + "\n")


def write_test_bench(model: Any, vendor: Vendor, namespace: str, score_type: FixedPoint, path: Path) -> None:
    """Our self-checking test bench in place of hls4ml's, which only prints."""
    (given,) = model.get_input_variables()
    design, score = _calls(model, vendor)
    text = (_TEMPLATE / "score_test_bench.cpp").read_text(encoding="utf-8")
    parts = {
        "PROJECT": model.config.get_project_name(),
        "INCLUDES": "#include <mc_scverify.h>\n" if vendor == "siemens" else "",
        "MAIN": f"{'CCS_MAIN' if vendor == 'siemens' else 'int main'}(int argc, char *argv[])",
        "RETURN": "CCS_RETURN" if vendor == "siemens" else "return ",
        "USING": f"    using namespace {namespace};\n\n" if vendor == "amd" else "",
        "INPUTS": str(int(np.prod(given.shape))),
        "FRACTION": str(score_type.fraction),
        "DESIGN": "\n        ".join(f"{line};" for line in design),
        "SCORE": score,
    }
    for key, value in parts.items():
        text = text.replace(f"@{key}@", value)
    path.write_text(text, encoding="utf-8")


def _calls(model: Any, vendor: Vendor) -> tuple[list[str], str]:
    """The lines of C++ that send ``jet``, a vector of double, through the design, and the score that they give."""
    (given,), (result,) = model.get_input_variables(), model.get_output_variables()
    project = model.config.get_project_name()
    stream = model.config.get_config_value("IOType") == "io_stream"
    types = f"double, {given.type.name}"
    if vendor != "intel":
        lines = [
            given.definition_cpp(),
            result.definition_cpp(),
            f"nnet::copy_data<{types}, 0, inputs>(jet, {given.name})",
            f"{project}({given.name}, {result.name})",
        ]
        return lines, f"{result.name}{'.read()' if stream else ''}[0]"
    if stream:
        lines = [
            f"stream_in<{given.type.name}> given",
            f"stream_out<{result.type.name}> result",
            f"nnet::convert_data<{types}, inputs>(jet.data(), given)",
            f"{project}(given, result)",
        ]
        return lines, "result.read()[0]"
    lines = [
        "input_data given",
        f"nnet::convert_data<{types}, inputs>(jet.data(), given.{given.member_name})",
        f"output_data result = {project}(given)",
    ]
    return lines, f"result.{result.member_name}[0]"


_SIZES = re.compile(r",\s*unsigned short &const_size_in_1,\s*unsigned short &const_size_out_1\s*\)")


def drop_sizes(bridge: Path) -> None:
    """Leave out the sizes that hls4ml's bridge of an Intel project takes and ignores: all bridges are called alike."""
    text, count = _SIZES.subn(")", bridge.read_text(encoding="utf-8"))
    assert count == 2, "one for float, one for double"
    bridge.write_text(text, encoding="utf-8")


_CONSTANTS = re.compile(
    r"^(?P<const>static const )?(?P<type>\w+) (?P<name>\w+)\[(?P<size>\d+)\] = (?P<values>\{.*?\});$",
    re.S | re.M,
)
_FILLED = """// C-simulation fills the array in a loop: g++ takes minutes to inline thousands of constructors.
#define EDGEOOD_VALUES {values}
#if defined(__SYNTHESIS__) || defined(__INTELFPGA_COMPILER__)
{const}{type} {name}[{size}] = EDGEOOD_VALUES;
#else
{static}{type} {name}[{size}];
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

    def filled(found: re.Match[str]) -> str:
        const = found["const"] or ""
        return _FILLED.format(**{**found.groupdict(), "const": const, "static": const.removesuffix("const ")})

    for header in folder.glob("*.h"):
        text = header.read_text(encoding="utf-8")
        header.write_text(_CONSTANTS.sub(filled, text), encoding="utf-8")


def settle_stamp(folder: Path, stamp: str, own: str) -> None:
    """Replace the random end of a library's name, so that equal networks give equal projects byte for byte."""
    script = folder / "build_lib.sh"
    if script.is_file():
        text = script.read_text(encoding="utf-8")
        script.write_text(text.replace(stamp, own), encoding="utf-8")


def drop_build_products(folder: Path) -> None:
    """hls4ml's own configuration holds absolute paths and a pickle-like model dump: not for others' machines."""
    for name in ("hls4ml_config.yml", "keras_model.keras", "onnx_model.onnx"):
        (folder / name).unlink(missing_ok=True)
