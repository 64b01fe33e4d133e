"""HLS project → C-synthesis and co-simulation, where the vendor's tool is installed."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.reading import read_json
from edgeood.hardware.vendor_reports import backend_of, read_reports

_SCRIPT = "build_prj.tcl"
TOOLS: dict[str, dict[str, tuple[str, ...]]] = {
    "vitis": {"vitis-run": ("--mode", "hls", "--tcl", _SCRIPT), "vitis_hls": ("-f", _SCRIPT)},
    "vivado": {"vivado_hls": ("-f", _SCRIPT)},
}
"""Programs that run a project's script, by the compiler that it was written for, newest first."""
LOG = "build.log"


def find_tool(backend: str) -> list[str] | None:
    """The command that builds a project in its folder, None without a tool on PATH."""
    for name, arguments in TOOLS[backend].items():
        program = shutil.which(name)
        if program is not None:
            return [program, *arguments]
    return None


def without_tool(project_folder: Path) -> str:
    """The sentence to tell when :func:`build` has built nothing."""
    names = " nor ".join(TOOLS[backend_of(project_folder)])
    return (
        f"{'Neither ' if ' nor ' in names else 'No '}{names} is on PATH, so {project_folder} was neither "
        "synthesised nor co-simulated; the project is complete and can be built where the tool is installed."
    )


def build_report(project_folder: Path) -> str:
    """Build an exported project and say what came of it: its figures as JSON, also kept in ``score.json``'s folder
    as ``<target>-report.json``, or the sentence of :func:`without_tool`.

    Raises :class:`EdgeoodError` if the folder holds no HLS project, or as :func:`build`.
    """
    if project_folder.name not in TOOLS:
        raise EdgeoodError(
            f"{project_folder} is no project that can be built from here; build one with `--target "
            f"{' or '.join(TOOLS)}`, and those of other HLS compilers as their README says."
        )
    about = read_json(project_folder.parent / "score.json", "export it again.", ("artefacts",))
    report = build(project_folder, about["artefacts"][project_folder.name]["project"])
    if report is None:
        return without_tool(project_folder)
    text = json.dumps(report, indent=1)
    write_text(project_folder.with_name(f"{project_folder.name}-report.json"), text + "\n")
    return text


def build(project_folder: Path, project: str) -> dict[str, Any] | None:
    """C-simulate, synthesise and co-simulate an HLS project by its own script; takes from minutes to hours.

    An earlier build is removed first, so that no report of it can be taken for one of this.
    Returns :func:`edgeood.hardware.vendor_reports.read_reports`, or None without a tool on PATH, which is no error
    (:func:`without_tool` words it). What the tool prints goes to ``build.log`` in the project's folder.
    Raises :class:`EdgeoodError` naming that file if the tool fails or co-simulation finds other scores.
    """
    command = find_tool(backend_of(project_folder))
    if command is None:
        return None
    shutil.rmtree(project_folder / f"{project}_prj", ignore_errors=True)
    log = project_folder / LOG
    with open(log, "w", encoding="utf-8") as file:
        done = subprocess.run(
            command, cwd=project_folder, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
    if done.returncode:
        raise EdgeoodError(f"{Path(command[0]).name} could not build {project_folder}; see {log}.")
    reports = read_reports(project_folder, project)
    cosimulation = reports["cosimulation"]
    if cosimulation and cosimulation["status"] != "pass":
        raise EdgeoodError(f"co-simulation of {project_folder} ended with other scores; see {log}.")
    return reports
