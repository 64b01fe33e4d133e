"""Fused network → a folder with Verilog, a test bench with vectors, constraints and a description."""

import gzip
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.export.verilog import stimulus
from edgeood.export.verilog.logic import Logic, traced
from edgeood.export.verilog.ports import Ports
from edgeood.export.verilog.readme import readme
from edgeood.export.verilog.top import top_module
from edgeood.recipe import Target
from edgeood.scores.fused.network import FusedNetwork

STATIC = "rtl/alkaid"
"""Where alkaid's own modules lie in a project, with their licence."""
MODEL = "model/logic.json.gz"
"""What alkaid's interpreter reads."""
WARNINGS = ("-Wno-fatal", "-Wno-lint", "-Wno-style", "--output-split", "20000")
"""Options of Verilator: generated logic has bits that nobody reads, and is compiled in pieces."""
SHARE_OF_CLOCK = 0.8
"""What of a clock period the logic between two registers may take, by alkaid's model of delays; the rest is for routing
and setup."""
_TEMPLATE = Path(__file__).parent / "template"
_NOTICE = """These modules were copied, unchanged, from alkaid {version} (github.com/calad0i/alkaid), which wrote the
pipeline in the folder above. They are licensed under the LGPL-3.0-or-later, whose text is in LICENSE.
"""


def write_project(
    network: FusedNetwork, target: Target, project: str, folder: Path, vectors: NDArray[Any]
) -> dict[str, Any]:
    """Write the project of a fused ParticleNet-lite into ``folder``; ``vectors`` (n, N, F) are for the test bench.

    Returns what ``score.json`` keeps: the ``top`` module's name, its ``ports``, ``latency`` and ``interval`` in clocks,
    and, by alkaid's model, the look-up tables (``estimated_luts``) and the delays between registers
    (``register_every_ns``).
    Raises :class:`EdgeoodError` for a convolutional network, or if the logic's scores are not the network's.
    """
    logic = traced(network)
    ports, top = Ports.of(network), f"{project}_trigger"
    mass = stimulus.bench_masses(network, network.integers(vectors))
    expected = _checked(network, logic, ports, vectors, mass)
    most_ns = SHARE_OF_CLOCK * target.clock_ns
    sources, latency = _sources(logic, ports, top, most_ns)
    about = {
        "top": top,
        "ports": ports.plain(),
        "latency": latency,
        "interval": 1,
        "estimated_luts": round(logic.cost),
        "register_every_ns": round(most_ns, 6),
    }
    for name, text in sources.items():
        _write(folder / "rtl" / f"{name}.v", text)
    _copy_static(folder / STATIC)
    _write_model(logic, folder / MODEL)
    _write(folder / "constraints.xdc", _constraints(target))
    _write_bench(folder / "bench", about, network, vectors, mass, expected)
    _write(folder / "README.md", readme(about, network, target, ports))
    return about


def _checked(
    network: FusedNetwork, logic: Logic, ports: Ports, inputs: NDArray[Any], mass: NDArray[Any]
) -> list[str]:
    """Lines of score and decision, by the network; the logic's own must be the same."""
    integers = network.integers(inputs)
    decisions = network.decisions(integers, mass)
    found = logic.predict(ports.values(inputs, mass), n_threads=1)
    wrong = int(np.count_nonzero((found[:, 0] != integers * network.step) | (found[:, 1] != decisions)))
    if wrong:
        raise EdgeoodError(
            f"the traced logic gives {wrong} of {len(inputs)} test vectors another score than the network; report this "
            "with the run."
        )
    return [f"{one} {int(own)}\n" for one, own in zip(integers, decisions, strict=True)]


def _sources(logic: Logic, ports: Ports, top: str, most_ns: float) -> tuple[dict[str, str], int]:
    """Verilog by module, and the latency in clocks."""
    from alkaid.codegen import RTLModel
    from alkaid.codegen.rtl.verilog.fsm import fsm_logic_gen

    machine = RTLModel(logic, "unused", prj_name=f"{top}_pipeline", latency_cutoff=most_ns).fsm
    (given,), (result,) = machine.inp_signals, machine.out_signals
    if not given.width or not result.width:
        raise EdgeoodError(
            "the score is the same for every jet, so there is nothing to build; train the network."
        )
    latency = int(result.schedule.bias)
    texts = fsm_logic_gen(machine, f"{top}_pipeline")
    # Stages and tables carry the project's name, so that two networks can share a chip.
    own = re.compile(r"\b(logic\d+|table_[0-9a-f_]+)\b")
    sources = {own.sub(rf"{top}_\1", name): own.sub(rf"{top}_\1", text) for name, text in texts.items()}
    sources[top] = top_module(top, f"{top}_pipeline", ports, latency, logic.inp_qint, logic.out_qint)
    return sources, latency


def static_modules() -> list[Path]:
    """The Verilog files of alkaid's own modules, which generated logic is made of."""
    import alkaid.codegen.rtl

    return sorted((Path(alkaid.codegen.rtl.__file__).parent / "verilog" / "source").glob("*.v"))


def _copy_static(folder: Path) -> None:
    import alkaid

    folder.mkdir(parents=True)
    for file in static_modules():
        shutil.copyfile(file, folder / file.name)
    shutil.copyfile(Path(alkaid.__file__).parent / "LICENSE", folder / "LICENSE")
    _write(folder / "NOTICE", _NOTICE.format(version=alkaid.__version__))


def _write_model(logic: Logic, path: Path) -> None:
    """Packed without a time, so that equal networks give equal files."""
    path.parent.mkdir(parents=True)
    plain = path.with_suffix("")
    logic.save(plain)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        packed.write(plain.read_bytes())
    plain.unlink()


def _constraints(target: Target) -> str:
    return f"""# Out of context: every port has its clock; the ports' own delays are the surrounding design's.
create_clock -name clk -period {target.clock_ns:g} [get_ports clk]
"""


def _write_bench(
    folder: Path,
    about: dict[str, Any],
    network: FusedNetwork,
    vectors: NDArray[Any],
    mass: NDArray[Any],
    expected: list[str],
) -> None:
    """The bench, and its clocks: jets back to back, then with bubbles and a reset among them."""
    ports, half = Ports.of(network), len(vectors) // 2
    second = [
        (None if jet is None else half + jet, reset)
        for jet, reset in stimulus.with_bubbles(len(vectors) - half)
    ]
    clocks = [*stimulus.back_to_back(half), *second]
    clocks.insert(half + len(second) // 2, (None, True))
    _write(folder / "stimulus.txt", stimulus.lines(ports, clocks, vectors, mass))
    leaving = stimulus.jets_that_leave(clocks, about["latency"])
    _write(folder / "expected.txt", "".join(expected[jet] for jet in leaving))
    parts = {
        "TOP": about["top"],
        "LATENCY": str(about["latency"]),
        "SCOREBITS": str(ports.score.bits),
        "SIGNED": str(ports.score.signed).lower(),
        "SETMASS": "set(top.in_mass, mass);" if ports.mass else "(void)mass;",
        "FLAGS": " ".join(WARNINGS),
    }
    for file in _TEMPLATE.iterdir():
        text = file.read_text(encoding="utf-8")
        _write(folder / file.name, re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], text))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
