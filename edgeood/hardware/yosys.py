"""Verilog project → look-up tables, registers, multipliers and memories of an UltraScale+ chip, by yosys.

yosys maps the logic without placing it, and packs no two functions into one look-up table: its counts are upper bounds.
It runs in a process of its own, which can be stopped.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgeood.compiler import library_name
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.cache import cache_folder
from edgeood.files.reading import read_json
from edgeood.runtime.rtl import sources_of

PROVENANCE = "yosys-xcup"
SYNTHESIS = "synth_xilinx -family xcup -top {top} -flatten -noiopad -noclkbuf"
KINDS = {
    "lut": r"LUT[1-6]",
    "ff": r"FD[A-Z]+",
    "dsp": r"DSP48E2",
    "bram": r"RAMB(18|36)E2",
    "srl": r"SRL\w+",
}
"""What is counted → the cells that it is. Shift registers (``srl``) take a look-up table each, too."""
_RUN = (
    "import sys\nfrom pyosys import libyosys\nlibyosys.run_pass('script ' + sys.argv[1], libyosys.Design())\n"
)


def synthesise(project: Path, top: str, limit_s: float | None = None) -> dict[str, Any]:
    """Figures of an exported Verilog project, each with unit and provenance; kept in the user's cache by content.

    ``limit_s`` is the longest that it may take (default: for ever); what is in the cache takes no time. Returns
    ``tool``, ``cells`` (every kind and its count) and ``figures`` (:data:`KINDS`). Raises :class:`EdgeoodError` if
    yosys is missing, fails, or takes longer.
    """
    check_yosys("synthesis")
    sources = sources_of(project)
    parts: list[str | bytes] = [version("pyosys"), SYNTHESIS, *(file.read_bytes() for file in sources)]
    kept = cache_folder("yosys") / library_name(top, *parts).replace(".so", ".json")
    if not kept.is_file():
        write_text(kept, json.dumps(_synthesised(sources, top, limit_s), indent=1) + "\n")
    counted = read_json(kept, "delete it and try again.", ("tool", "cells"))
    return {**counted, "figures": _figures(counted["cells"])}


def _synthesised(sources: list[Path], top: str, limit_s: float | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="edgeood-yosys-") as name:
        folder, counts = Path(name), Path(name) / "cells.json"
        # A script has no quotes, so that it names files by numbers.
        lines = []
        for place, source in enumerate(sources):
            (folder / f"{place}.v").symlink_to(source.resolve())
            lines.append(f"read_verilog -defer -sv {place}.v")
        lines += [SYNTHESIS.format(top=top), f"tee -q -o {counts.name} stat -json -tech xilinx"]
        run_script(lines, folder, limit_s, f"synthesise {top}")
        found = json.loads(counts.read_text(encoding="utf-8"))
    cells = {name: count for name, count in found["design"]["num_cells_by_type"].items() if name[0] != "$"}
    return {"tool": found["creator"].partition(" (")[0], "cells": cells}


def check_yosys(what: str) -> None:
    """Raise :class:`EdgeoodError` unless yosys is installed, which ``what`` needs."""
    if find_spec("pyosys") is None:
        raise EdgeoodError(f"{what} needs the package 'pyosys'; install `edgeood[rtl]`.")


def run_script(lines: Sequence[str], folder: Path, limit_s: float | None, what: str) -> str:
    """Run yosys' commands in ``folder``, and return what it said.

    ``what`` completes "yosys did not …". Raises :class:`EdgeoodError` if yosys fails, or takes longer than ``limit_s``.
    """
    script, log = folder / "script.ys", folder / "log"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (
        open(log, "wb") as said,
        subprocess.Popen(
            [sys.executable, "-P", "-c", _RUN, script.name],
            cwd=folder,
            stdout=said,
            stderr=said,
            start_new_session=True,
        ) as process,
    ):
        try:
            process.wait(limit_s)
        except BaseException as error:
            # yosys' own children, too.
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise EdgeoodError(f"yosys did not {what} within {limit_s:g} s; allow more time.") from error
            raise
    told = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        errors = re.findall(r"ERROR: .*", told)
        raise EdgeoodError(f"yosys could not {what} ({[*errors, 'no reason given'][0]}); report this.")
    return told


def _figures(cells: Mapping[str, int]) -> dict[str, Any]:
    return {
        name: {
            "value": sum(count for cell, count in cells.items() if re.fullmatch(kind, cell)),
            "unit": name,
            "provenance": PROVENANCE,
        }
        for name, kind in KINDS.items()
    }
