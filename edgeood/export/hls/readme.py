"""The description of an HLS project for a firmware engineer: interface, types, budget, how to build it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeood.export.hls.project_types import ProjectLayer
from edgeood.export.hls.vendors import Vendor, exact_type
from edgeood.recipe import Target
from edgeood.scores.fused.network import FusedNetwork


@dataclass(frozen=True)
class Tool:
    """The HLS compiler that a project is for."""

    name: str
    target: str
    """of ``edgeood export``"""
    commands: str
    steps: str
    """what the commands do, and where that is chosen"""
    reports: str
    vendor: Vendor = "amd"

    @property
    def engine(self) -> str:
        """Of ``edgeood verify``: the project's C-simulation."""
        return "csim" if self.target == "vitis" else f"{self.target}_csim"


_STEPS = """C-simulation, synthesis, co-simulation and the comparison of both simulations are switched in {where}; part
and clock stand in `project.tcl`."""
_REPORTS = "@PROJECT@_prj/solution1/syn/report"

TOOLS = {
    "Vitis": Tool(
        "Vitis HLS",
        "vitis",
        "    vitis-run --mode hls --tcl build_prj.tcl        # Vitis 2024.2 and later\n"
        "    vitis_hls -f build_prj.tcl                      # earlier ones",
        _STEPS.format(where="`build_opt.tcl`"),
        _REPORTS,
    ),
    "Vivado": Tool(
        "Vivado HLS",
        "vivado",
        '    vivado_hls -f build_prj.tcl "csim=1 synth=1 cosim=1 validation=1"',
        _STEPS.format(where="the command line, with the defaults at the head of `build_prj.tcl`"),
        _REPORTS,
    ),
    "Quartus": Tool(
        "Intel HLS",
        "quartus",
        "    make @PROJECT@-fpga     # synthesis by i++\n    ./@PROJECT@-fpga        # co-simulation",
        "The device stands in `Makefile`, the clock in `firmware/@PROJECT@.h`; `make` with\n"
        "`QUARTUS_COMPILE=--quartus-compile` runs Quartus as well.",
        "@PROJECT@-fpga.prj/reports",
        "intel",
    ),
    "Catapult": Tool(
        "Catapult",
        "catapult",
        "    catapult -product ultra -shell -f build_prj.tcl -eval "
        "'set ::argv \"csim=1 synth=1 cosim=1 validation=1\"'",
        "The steps are switched on the command line, with the defaults at the head of `build_prj.tcl`, where part and\n"
        "clock stand too.",
        "@PROJECT@_prj",
        "siemens",
    ),
}


def least_interval(shape: tuple[int, ...], target: Target) -> int:
    """Cycles between two jets that no layer can go below: one packet takes ``reuse_factor`` cycles.

    ``shape`` is the input's: (H, W, 1) of an image, (N, F) of candidates, whose gathers read N packets and then
    make N rows.
    """
    if target.io_type == "io_parallel":
        return target.reuse_factor
    packets = math.prod(shape[:-1])
    return packets * target.reuse_factor + (packets if len(shape) == 2 else 0)


def readme(
    about: Mapping[str, str],
    network: FusedNetwork,
    target: Target,
    layers: Sequence[ProjectLayer],
    tool: Tool,
) -> str:
    """The project's description for a firmware engineer."""
    shape = layers[0].shape
    table = "\n".join(
        f"| {row.name} | {' × '.join(map(str, row.shape))} | {_code(row.accumulator)} | {_code(row.result)} |"
        for row in layers
    )
    types = "\n".join(
        f"| {name} | `{exact_type(one, tool.vendor)}` |" for name, one in network.score.types().items()
    )
    interval = least_interval(shape, target)
    text = f"""# {about["project"]}: anomaly score in firmware

Made by edgeood (`edgeood export --target {tool.target}`) through hls4ml, for {tool.name}.
{_top_function(about, tool)}

## Interface

| port | type | |
|---|---|---|
| input | `{about["input"]}` | {_order(shape, target)} |
{_ports(about, network)}

{_decision(network)}

## Latency budget

Target: {target.part}, {target.clock_ns} ns, {target.io_type}, strategy {target.strategy},
reuse factor {target.reuse_factor}.

By its structure, the design takes a jet every {interval} cycles ({interval * target.clock_ns:g} ns) at best. Latency,
interval and resources are what synthesis reports in `{tool.reports}`.{_deeper(shape, target, tool)}

## Fixed-point types

Results with `RND_CONV` and `SAT` are rounded half to even and saturate; all other numbers are exact, and proven to
fit their types for every input.

| layer | shape | accumulator | result |
|---|---|---|---|
{table}

| number of the score | type |
|---|---|
{types}

## C-simulation and synthesis

`edgeood verify RUN jets.h5 --engines network,{tool.engine}` compiles this folder with g++ alone and compares
its scores with the network's. With {tool.name}:

{tool.commands}

{tool.steps}

The test bench `{about["project"]}_test.cpp` feeds the jets of `tb_data/tb_input_features.dat` to the design and
compares the scores with `tb_data/expected_integers.dat` (in units of the step); the first mismatch fails the
simulation.

{_symbols(about, tool)}
"""
    return text.replace("@PROJECT@", about["project"])


def _ports(about: Mapping[str, str], network: FusedNetwork) -> str:
    score = f"the score `{network.score.name}`, in steps of {network.step!r}"
    if network.decision is None:
        return f"| output | `{about['output']}` | {score} |"
    return (
        f"| mass | `{about['mass']}` | the jet's mass in GeV, one word a jet |\n"
        f"| output | 2 × `{about['output']}` | {score}; then the decision: one step for an anomalous jet, else zero |"
    )


def _decision(network: FusedNetwork) -> str:
    """When a jet is anomalous."""
    if network.decision is None:
        return (
            f"A jet is anomalous if its score, as an integer, is greater than **{network.threshold_integer}** "
            f"({network.threshold!r})."
        )
    words, share = len(network.decision.thresholds), 100 * network.decision.background_efficiency
    return (
        "A jet is anomalous if its score, as an integer, is greater than the threshold for its mass: a table of\n"
        f"{words} thresholds, read at the integer of the mass, which {share:g} % of the background pass at every mass."
    )


def _top_function(about: Mapping[str, str], tool: Tool) -> str:
    namespace = f"{about['namespace']}::" if tool.vendor == "amd" else ""
    return f"Top function `{namespace}{about['project']}`."


def _symbols(about: Mapping[str, str], tool: Tool) -> str:
    """Whether two networks get along."""
    if tool.vendor != "amd":
        return (
            "The symbols lie in no namespace, as hls4ml has none for this compiler: one network per program."
        )
    namespace = about["namespace"]
    return f"Every symbol lies in the namespace `{namespace}`, so several networks can share a design or a process."


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _order(shape: tuple[int, ...], target: Target) -> str:
    """In which order a jet enters."""
    stream = target.io_type == "io_stream"
    if len(shape) == 2:
        constituents, features = shape
        order = f"{constituents} candidates of {features} numbers: momentum, Δη, Δφ{', identity' * (features > 3)}"
        return (
            f"one candidate per packet, {order}; the score follows as one packet"
            if stream
            else f"{order}; one after the other, all at once"
        )
    order = "row by row (η, then φ)"
    return (
        f"one pixel per packet, {order}; the score follows as one packet"
        if stream
        else f"all pixels at once, {order}"
    )


def _deeper(shape: tuple[int, ...], target: Target, tool: Tool) -> str:
    """What keeps streamed candidates waiting."""
    if len(shape) != 2 or target.io_type != "io_stream" or tool.vendor != "amd":
        return ""
    return (
        "\nThe candidates wait in FIFOs of one jet for the gathers and the mean; deeper ones let the next jets enter "
        "before\nthe mean of the last is formed."
    )
