"""HLS project → emulator: a folder with C++ sources and the shared library that a trigger's software loads.

The library has a plain C interface and the one of CMSSW, ``hls4mlEmulator::Model`` (github.com/cms-hls4ml/
hls4mlEmulatorExtras). Several versions of a network may live in one process, so nothing of it is visible outside:
see the files of ``template/``.
"""

import math
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeood.compiler import find_compiler
from edgeood.errors import EdgeoodError

# hls4ml's line buffers and constants are static variables of templates, which g++ makes unique in the whole process,
# and the dynamic linker binds to the first library that has them, unless told otherwise.
FLAGS = (
    "-std=c++17",
    "-O3",
    "-w",
    "-fPIC",
    "-shared",
    "-pthread",
    "-fvisibility=hidden",
    "-fno-gnu-unique",
    "-Wl,-Bsymbolic",
    "-Wl,--version-script=exports.map",
)
_TEMPLATE = Path(__file__).parent / "template"
_INCLUDES = ("-I.", "-Ifirmware/ap_types", "-idirafter", "compatible")


def write_emulator(
    project_folder: Path, about: Mapping[str, Any], version: int | str, folder: Path
) -> dict[str, Any]:
    """Write the emulator of an exported Vitis project into ``folder``, compile it and check its scores.

    Parameters
    ----------
    project_folder : written by :func:`edgeood.export.hls.project.write_project`
    about : the content of ``score.json`` with the ``vitis`` artefact of that project
    version : of the network, chosen by its owner: letters, digits and underscores

    Returns ``name`` (prefix of the symbols), ``version``, ``library`` (file name) and ``inputs`` (numbers of a jet).
    Raises :class:`EdgeoodError` for an unusable version, if g++ is missing or fails, or if a test vector of the
    project gets another score.
    """
    if not re.fullmatch(r"\w+", str(version), re.ASCII):
        raise EdgeoodError(
            f"the emulator's version '{version}' becomes part of C++ names; use letters, digits and underscores."
        )
    project = about["artefacts"]["vitis"]
    name = f"{project['project']}_v{version}"
    vectors = (project_folder / "tb_data" / "tb_input_features.dat").read_text(encoding="utf-8")
    expected = (project_folder / "tb_data" / "expected_integers.dat").read_text(encoding="utf-8")
    artefact: dict[str, Any] = {
        "name": name,
        "version": str(version),
        "library": f"lib{name}.so",
        # The mass, where the design reads it, is the last number of a line.
        "inputs": len(vectors.splitlines()[0].split()) - ("mass" in project),
    }
    _copy_network(project_folder / "firmware", folder / "firmware", project["namespace"], name)
    _write_templates(folder, about, artefact)
    (folder / "test_vectors").mkdir()
    (folder / "test_vectors" / "inputs.dat").write_text(vectors, encoding="utf-8")
    (folder / "test_vectors" / "expected_integers.dat").write_text(expected, encoding="utf-8")
    _compile(folder, artefact["library"])
    _check(folder, [line.split() for line in expected.splitlines()])
    return artefact


def _copy_network(source: Path, target: Path, namespace: str, name: str) -> None:
    """The project's sources, their namespace replaced by one that tells project and version."""
    shutil.copytree(source, target)
    for file in target.rglob("*"):
        if file.suffix in (".h", ".cpp"):
            text = file.read_text(encoding="utf-8")
            file.write_text(re.sub(rf"\b{namespace}\b", name, text), encoding="utf-8")


def _write_templates(folder: Path, about: Mapping[str, Any], artefact: Mapping[str, Any]) -> None:
    """The hand-written files, filled in."""
    project = about["artefacts"]["vitis"]
    parts = {
        "PROJECT": project["project"],
        "NAME": artefact["name"],
        "VERSION": artefact["version"],
        "INPUTS": artefact["inputs"],
        "INPUT": project["input"],
        "OUTPUT": project["output"],
        "SCORE": about["score"],
        "STEP": repr(about["step"]),
        "FRACTION": round(-math.log2(about["step"])),
        "THRESHOLD": about["threshold_integer"],
        **_about_decision(about, project),
        "FLAGS": " ".join(FLAGS),
    }
    for file in _TEMPLATE.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            text = re.sub(r"@([A-Z]+)@", lambda found: str(parts[found[1]]), file.read_text(encoding="utf-8"))
            path = folder / file.relative_to(_TEMPLATE)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    (folder / "interface.h").rename(folder / f"{artefact['name']}.h")


def _about_decision(about: Mapping[str, Any], project: Mapping[str, Any]) -> dict[str, str]:
    """What the description says of thresholds and masses."""
    if "mass" not in project:
        rule = f"the integer is greater than **{about['threshold_integer']}**"
        return {"DECISION": rule, "MASS": "", "POINTERS": ""}
    share = 100 * about["decision"]["background_efficiency"]
    return {
        "DECISION": f"the integer is greater than the threshold for the jet's mass, which {share:g} % of the "
        "background pass at every mass",
        "MASS": f"; and the jet's mass in GeV, rounded to `{project['mass']}`",
        "POINTERS": f" with the mass in GeV behind the inputs, or as a pair of `{project['input']} *` and "
        f"`{project['mass']} *`",
    }


def _compile(folder: Path, library: str) -> None:
    """What the Makefile does, without make."""
    done = subprocess.run(
        [find_compiler("an emulator"), *FLAGS, *_INCLUDES, "emulator.cpp", "-o", library],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or ["it gave no reason"]
        raise EdgeoodError(
            f"g++ could not compile the emulator ({errors[0].strip()}); report this with the HLS project."
        )


def _check(folder: Path, expected: list[list[str]]) -> None:
    """The shipped loader must give the test vectors the scores, and the decisions, that the project promises."""
    command = [sys.executable, "-P", "load_emulator.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    scores = [line.split()[: len(expected[0])] for line in done.stdout.splitlines()]
    if done.returncode or scores != expected:
        wrong = sum(one != other for one, other in zip(scores, expected, strict=False))
        reason = done.stderr.strip().splitlines()[-1:] or [f"{wrong} of {len(expected)} test vectors differ"]
        raise EdgeoodError(f"the emulator does not reproduce the HLS project ({reason[0]}); report this.")
