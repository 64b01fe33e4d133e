"""What hls4ml does otherwise for Catapult than for the other compilers, set right."""

import re
from pathlib import Path
from typing import Any

_DECLARED = re.compile(r"#ifndef __SYNTHESIS__\n.*?#else\n(.*?)#endif\n", re.S)
_LOADED = re.compile(r"^ *nnet::load_weights_from_txt<.*\n", re.M)
_DEFINED = re.compile(r"(// hls-fpga-machine-learning insert declare weights\n)(?:\w+ \w+\[\d+\];\n)*")
_FOLDER = re.compile(r'(static std::string s_weights_dir = )".*"')


def own_pooling_types(graph: Any, config: dict[str, Any], types: dict[str, str]) -> None:
    """Give each pooling layer an accumulator's type of its own.

    Without one, it shares an object with the type of its input, which is then widened with it: the layer before would
    no longer round as it should. ``types`` are the results' by the name of the tensor.
    """
    for node in graph.graph.node:
        if node.op_type == "MaxPool":
            config["LayerName"][node.name]["Precision"]["accum"] = types[node.input[0]]


def put_constants_into_sources(folder: Path, project: str) -> None:
    """Let C-simulation see the constants that synthesis sees, instead of files at an absolute path."""
    weights = folder / "firmware" / "weights"
    for header in weights.glob("*.h"):
        _rewrite(header, _DECLARED, r"\1")
    for file in weights.glob("*.txt"):
        file.unlink()
    _rewrite(folder / "firmware" / f"{project}.cpp", _LOADED, "")
    bridge = folder / f"{project}_bridge.cpp"
    _rewrite(bridge, _DEFINED, r"\1")
    _rewrite(bridge, _FOLDER, r'\1""')


def tidy(folder: Path) -> None:
    """Remove the archive beside the project, and let the test bench find its vectors wherever it runs."""
    folder.with_name(f"{folder.name}.tar.gz").unlink(missing_ok=True)
    script = folder / "build_prj.tcl"
    _rewrite(script, re.compile(r"(INVOKE_ARGS \"\$sfd)/firmware/weights\""), r'\1"')


def _rewrite(file: Path, pattern: re.Pattern[str], replacement: str) -> None:
    text, count = pattern.subn(replacement, file.read_text(encoding="utf-8"))
    assert count, f"{pattern.pattern} is not in {file}"
    file.write_text(text, encoding="utf-8")
