"""Verilog project → latency and interval in clocks, counted in simulation, with every score compared."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from edgeood.errors import EdgeoodError
from edgeood.export.verilog.stimulus import back_to_back, bench_inputs
from edgeood.files.atomic import write_text
from edgeood.files.cache import cache_folder
from edgeood.files.reading import read_json
from edgeood.run import Run
from edgeood.runtime.alkaid import open_alkaid
from edgeood.runtime.rtl import open_rtl

PROVENANCE = "cycle-sim"
JETS = 1000


def count_cycles(run: Run, score: str, clock_ns: float) -> dict[str, Any]:
    """Figures of a run's exported Verilog project: ``latency`` and ``interval`` (clocks), and ``latency_ns``.

    The latter is the latency times the clock that it was exported for: a statement about cycles, not about what a chip
    reaches. :data:`JETS` random jets enter back to back, and their scores and decisions must be those of alkaid's
    interpreter. Kept in the user's cache by the simulated program. Raises :class:`EdgeoodError` if there is no export,
    if a tool is missing, or if one of them differs.
    """
    engine = open_rtl(run, score)
    kept = cache_folder("cycles") / f"{Path(engine.program).name}.json"
    if not kept.is_file():
        random, ports = np.random.default_rng(1), engine.ports
        inputs, mass = bench_inputs(ports, JETS, seed=1), random.uniform(0, 600, JETS).astype(np.float32)
        result, wanted = (
            engine.stream(back_to_back(JETS), inputs, mass),
            open_alkaid(run, score).decide(inputs, mass),
        )
        same = np.array_equal(result.integers * ports.score.step, wanted.scores)
        if not same or not np.array_equal(result.anomalous, wanted.anomalous):
            raise EdgeoodError(
                f"the RTL of {run.path} has other scores than its logic; report this with the run."
            )
        latency, interval = int(result.clocks[0]), int(np.diff(result.clocks).max())
        write_text(kept, json.dumps({"latency": latency, "interval": interval, "jets": JETS}) + "\n")
    counted = read_json(kept, "delete it and try again.", ("latency", "interval", "jets"))
    figures = {name: _figure(counted[name], "clocks") for name in ("latency", "interval")}
    return {
        "jets": counted["jets"],
        "figures": {**figures, "latency_ns": _figure(counted["latency"] * clock_ns, "ns")},
    }


def _figure(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "provenance": PROVENANCE}
