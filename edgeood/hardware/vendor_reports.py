"""Reports of Vitis HLS (or Vivado HLS) → figures, each with its unit and where it comes from.

Read are ``<top>_csynth.xml`` (C-synthesis: an estimate) and ``<top>_cosim.rpt`` (co-simulation of the RTL: cycles as
they were counted), from where hls4ml's script leaves them: ``<project>_prj/solution1/{syn,sim}/report``.
"""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError

RESOURCES = ("LUT", "FF", "DSP", "BRAM_18K", "URAM")
_CLOCKS = {
    "clock_target": "UserAssignments/TargetClockPeriod",
    "clock_estimate": "PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod",
}
_CYCLES = {
    "latency_min": "PerformanceEstimates/SummaryOfOverallLatency/Best-caseLatency",
    "latency_max": "PerformanceEstimates/SummaryOfOverallLatency/Worst-caseLatency",
    "interval_min": "PerformanceEstimates/SummaryOfOverallLatency/Interval-min",
    "interval_max": "PerformanceEstimates/SummaryOfOverallLatency/Interval-max",
}
_COLUMNS = ("latency_min", "latency_avg", "latency_max", "interval_min", "interval_avg", "interval_max")


def read_reports(project_folder: Path, project: str) -> dict[str, Any]:
    """What the vendor's tool said of a project: ``{"synthesis": ..., "cosimulation": ... or None}``.

    The provenance of every figure is the project's backend, ``vitis`` or ``vivado``.
    Raises :class:`EdgeoodError` if there is no report of C-synthesis, or a report that cannot be understood.
    """
    solution = project_folder / f"{project}_prj" / "solution1"
    synthesis = solution / "syn" / "report" / f"{project}_csynth.xml"
    cosimulation = solution / "sim" / "report" / f"{project}_cosim.rpt"
    backend = backend_of(project_folder)
    return {
        "synthesis": read_synthesis(synthesis, backend),
        "cosimulation": read_cosimulation(cosimulation, backend) if cosimulation.is_file() else None,
    }


def backend_of(project_folder: Path) -> str:
    """``vitis`` or ``vivado``, as ``project.tcl`` says. Raises :class:`EdgeoodError` for anything else."""
    file = project_folder / "project.tcl"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = re.search(r'^set backend "(vitis|vivado)"$', text, re.M)
    if found is None:
        raise EdgeoodError(f"{project_folder} is no HLS project for Vitis or Vivado; export it again.")
    return found[1]


def read_synthesis(file: Path, provenance: str = "vitis") -> dict[str, Any]:
    """Figures of a ``csynth.xml``.

    Returns ``tool_version``, ``part``, ``top`` and ``figures``: ``clock_target`` and ``clock_estimate`` (ns),
    ``latency_min`` and ``latency_max``, ``interval_min`` and ``interval_max`` (cycles), and for each of
    :data:`RESOURCES` that the part has how many are used and ``available``. Each figure is a mapping of ``value``,
    ``unit`` and ``provenance``; a value is None where the tool could not tell ("undef").
    Raises :class:`EdgeoodError` if the file is missing, no XML, or lacks one of them.
    """
    try:
        root = ElementTree.parse(file).getroot()
        figures = {name: _figure(_text(root, path), "ns", provenance) for name, path in _CLOCKS.items()}
        figures |= {name: _figure(_text(root, path), "cycles", provenance) for name, path in _CYCLES.items()}
        used, available = _resources(root, "Resources"), _resources(root, "AvailableResources")
        for name in RESOURCES:
            if name in used:
                figures[name] = {
                    **_figure(used[name], name, provenance),
                    "available": _number(available[name]),
                }
        return {
            "tool_version": _text(root, "ReportVersion/Version"),
            "part": _text(root, "UserAssignments/Part"),
            "top": _text(root, "UserAssignments/TopModelName"),
            "figures": figures,
        }
    except FileNotFoundError as error:
        raise EdgeoodError(f"there is no synthesis report {file}; run C-synthesis first.") from error
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise EdgeoodError(
            f"{file} is no synthesis report of Vitis HLS ({error}); synthesise again."
        ) from error


def read_cosimulation(file: Path, provenance: str = "vitis") -> dict[str, Any]:
    """Figures of a ``cosim.rpt``: the row of the language that was simulated.

    Returns ``language``, ``status`` (``pass`` or ``fail``) and ``figures``: minimum, average and maximum of
    ``latency`` and ``interval`` in cycles (None where there was nothing to count, such as an interval of one jet).
    Raises :class:`EdgeoodError` if the file is missing or holds no such row.
    """
    if not file.is_file():
        raise EdgeoodError(f"there is no co-simulation report {file}; run co-simulation first.")
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] in ("Verilog", "VHDL") and len(cells) >= 2 + len(_COLUMNS) and cells[1] != "NA":
            numbers = cells[2 : 2 + len(_COLUMNS)]
            return {
                "language": cells[0],
                "status": cells[1].lower(),
                "figures": {
                    name: _figure(text, "cycles", provenance)
                    for name, text in zip(_COLUMNS, numbers, strict=True)
                },
            }
    raise EdgeoodError(f"{file} reports no co-simulation of VHDL or Verilog; run co-simulation again.")


def _text(root: ElementTree.Element, path: str) -> str:
    text = root.findtext(path)
    if text is None:
        raise LookupError(f"it has no {path}")
    return text.strip()


def _resources(root: ElementTree.Element, part: str) -> dict[str, str]:
    """Numbers by resource, of which Vivado HLS calls DSP another name."""
    _text(root, f"AreaEstimates/{part}/LUT")
    children = root.iterfind(f"AreaEstimates/{part}/*")
    return {"DSP" if child.tag == "DSP48E" else child.tag: (child.text or "").strip() for child in children}


def _figure(text: str, unit: str, provenance: str) -> dict[str, Any]:
    return {"value": _number(text), "unit": unit, "provenance": provenance}


def _number(text: str) -> int | float | None:
    """A report's number, None where it has none. Raises ValueError for anything else."""
    if text in ("undef", "NA", "x", "?", "-"):
        return None
    return int(text) if re.fullmatch(r"\d+", text) else float(text)
