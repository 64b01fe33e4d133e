"""What an HLS project holds beside hls4ml's files, and in their place: test vectors, test bench, constants."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.export.hls.vendors import Vendor
from edgeood.fixed_point import FixedPoint
from edgeood.scores.fused.mass_blind import MassBlindDecision
from edgeood.scores.fused.network import FusedNetwork

_TEMPLATE = Path(__file__).parent / "template"


def write_vectors(folder: Path, network: FusedNetwork, inputs: NDArray[Any]) -> None:
    """Test vectors for the test bench: a line of inputs for each jet, and the integer that its score must be.

    With a mass-blind decision, a jet's mass follows its inputs, and its decision, 0 or 1, the integer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    flat = inputs.astype(np.float64).reshape(len(inputs), -1)
    integers = network.integers(inputs)
    expected = [str(value) for value in integers.tolist()]
    if network.decision is not None:
        # Each decision is wanted, and those next to a threshold are the hardest.
        mass = _masses(network.decision, integers)
        flat = np.column_stack([flat, mass])
        decisions = network.decisions(integers, mass)
        expected = [f"{one} {int(own)}" for one, own in zip(expected, decisions, strict=True)]
    lines = [" ".join(format(number, ".9g") for number in jet) for jet in flat]
    (folder / "tb_input_features.dat").write_text("\n".join(lines) + "\n")
    (folder / "expected_integers.dat").write_text("\n".join(expected) + "\n")


def _masses(decision: MassBlindDecision, integers: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N,) masses in GeV at which the thresholds are closest to the scores, from below and from above in turn."""
    margins = integers[:, None] - decision.thresholds
    below = np.where(margins > 0, margins, np.iinfo(np.int64).max).argmin(axis=1)
    above = np.where(margins <= 0, -margins, np.iinfo(np.int64).max).argmin(axis=1)
    words = np.where(np.arange(len(integers)) % 2, below, above)
    return np.asarray(words * decision.mass_type.step, np.float64)


def write_test_bench(model: Any, vendor: Vendor, namespace: str, score_type: FixedPoint, path: Path) -> None:
    """Our self-checking test bench in place of hls4ml's, which only prints."""
    given, *mass = model.get_input_variables()
    design, result = _calls(model, vendor)
    text = (_TEMPLATE / "score_test_bench.cpp").read_text(encoding="utf-8")
    parts = {
        "PROJECT": model.config.get_project_name(),
        "INCLUDES": "#include <mc_scverify.h>\n" if vendor == "siemens" else "",
        "MAIN": f"{'CCS_MAIN' if vendor == 'siemens' else 'int main'}(int argc, char *argv[])",
        "RETURN": "CCS_RETURN" if vendor == "siemens" else "return ",
        "USING": f"    using namespace {namespace};\n\n" if vendor == "amd" else "",
        "INPUTS": str(int(np.prod(given.shape))),
        "MASSES": str(len(mass)),
        "FRACTION": str(score_type.fraction),
        "DESIGN": "\n        ".join(f"{line};" for line in design),
        "RESULT": result,
    }
    for key, value in parts.items():
        text = text.replace(f"@{key}@", value)
    path.write_text(text, encoding="utf-8")


def _calls(model: Any, vendor: Vendor) -> tuple[list[str], str]:
    """The lines of C++ that send ``jet``, a vector of double, through the design, and the array of its results."""
    (result,), given = model.get_output_variables(), model.get_input_variables()
    project = model.config.get_project_name()
    stream = model.config.get_config_value("IOType") == "io_stream"
    # The mass, if there is one, stands behind the inputs.
    sources = ["jet", "of_jet"][: len(given)]
    sizes = ["inputs", "1"]
    ports = list(zip(given, sources, sizes, strict=False))
    if vendor != "intel":
        lines = [one.definition_cpp() for one in given] + [result.definition_cpp()]
        lines += [
            f"nnet::copy_data<double, {one.type.name}, 0, {size}>({source}, {one.name})"
            for one, source, size in ports
        ]
        lines.append(f"{project}({', '.join(one.name for one in given)}, {result.name})")
        if not stream:
            return lines, result.name
        return [*lines, f"auto packet = {result.name}.read()"], "packet"
    if stream:
        lines = [f"stream_in<{one.type.name}> {source}_port" for one, source, _ in ports]
        lines += [f"stream_out<{result.type.name}> result"]
        lines += [
            f"nnet::convert_data<double, {one.type.name}, {size}>({source}.data(), {source}_port)"
            for one, source, size in ports
        ]
        lines += [f"{project}({', '.join(f'{source}_port' for source in sources)}, result)"]
        return [*lines, "auto packet = result.read()"], "packet"
    lines = ["input_data given"]
    lines += [
        f"nnet::convert_data<double, {one.type.name}, {size}>({source}.data(), given.{one.member_name})"
        for one, source, size in ports
    ]
    return [*lines, f"output_data result = {project}(given)"], f"result.{result.member_name}"


_SIZES = re.compile(r"(,\s*unsigned short &const_size_(in|out)_\d)+\s*\)")


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
