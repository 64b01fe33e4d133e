"""The description of a Verilog project for a firmware engineer."""

from collections.abc import Mapping
from typing import Any

from edgeood.export.verilog.ports import Ports
from edgeood.fixed_point import FixedPoint
from edgeood.recipe import Target
from edgeood.scores.fused.network import FusedNetwork


def readme(about: Mapping[str, Any], network: FusedNetwork, target: Target, ports: Ports) -> str:
    """Interface, latency, types, threshold, and how to simulate and synthesise it."""
    top, word, score = about["top"], ports.input.bits, ports.score
    return f"""# {top}: anomaly score in RTL

Made by edgeood (`edgeood export --target verilog`); the pipeline by alkaid, from the fixed-point graph of the network.

## Interface

| port | | bits | |
|---|---|---|---|
| `clk` | in | 1 | |
| `rst` | in | 1 | synchronous: drops the jets that are inside |
| `in_valid` | in | 1 | a jet enters at this clock |
| `in_data` | in | {ports.data_bits} | {_candidates(ports)} |
{_mass(ports)}| `out_valid` | out | 1 | a result leaves at this clock |
| `out_score` | out | {score.bits} | the score `{network.score.name}`, `{_written(score)}` |
| `out_anomalous` | out | 1 | the decision |

Number f of candidate n lies at the bits from ({ports.shape[1]} n + f) · {word} on. A candidate whose momentum is
not above zero is none. Numbers are rounded half to even, and saturate, before they enter.

The pipeline is valid-only: it takes a jet at every clock and never waits. A jet that is taken at one edge of the clock
is read at the output **{about["latency"]}** edges later; the interval is {about["interval"]}.

{_decision(network)}

## Numbers

`fixed<bits, integer bits>`, the sign among both. Every number is exact or rounded as the network's types say.

| number of the score | type |
|---|---|
{_types(network)}

Thresholds are constants of the logic: another working point is another export.

## Simulation

`make -C bench` simulates `bench/stimulus.txt` (jets back to back, then with empty clocks and a reset among them) with
Verilator 5.048 or later and compares `bench/expected.txt`. `edgeood verify RUN JETS --engines network,alkaid,rtl` does
the like for jets of yours, with the Verilator of the Python package index.

## Synthesis

`constraints.xdc` holds a clock of {target.clock_ns:g} ns, for {target.part}. Registers stand where
another {about["register_every_ns"]:g} ns have passed by alkaid's model of delays: an estimate, no timing
analysis. By the same model the design needs about {about["estimated_luts"]:,} look-up tables.
`edgeood cost RUN` synthesises it with yosys. The sources are `rtl/*.v` and `rtl/alkaid/*.v`.

## Licences

The modules in `rtl/alkaid/` are alkaid's, under the LGPL-3.0-or-later; see `NOTICE` and `LICENSE` there.
"""


def _candidates(ports: Ports) -> str:
    """What the words of a jet hold."""
    places, features = ports.shape
    kinds = ", and its kind" if features > 3 else ""
    return (
        f"{places} candidates of {features} numbers, each `{_written(ports.input)}`: momentum, Δη, Δφ{kinds}, as the "
        "recipe's inputs"
    )


def _mass(ports: Ports) -> str:
    """The row of the mass, if there is one."""
    if ports.mass is None:
        return ""
    return f"| `in_mass` | in | {ports.mass.bits} | the jet's mass in GeV, `{_written(ports.mass)}` |\n"


def _types(network: FusedNetwork) -> str:
    return "\n".join(f"| {name} | `{_written(one)}` |" for name, one in network.score.types().items())


def _decision(network: FusedNetwork) -> str:
    """When a jet is anomalous."""
    if network.decision is None:
        return (
            f"A jet is anomalous if its score, as an integer, is greater than **{network.threshold_integer}**\n"
            f"({network.threshold!r})."
        )
    words, share = len(network.decision.thresholds), 100 * network.decision.background_efficiency
    return (
        f"A jet is anomalous if its score, as an integer, is greater than the threshold for its mass: a table of\n"
        f"{words} thresholds, read at the integer of the mass, which {share:g} % of the background pass at every mass."
    )


def _written(one: FixedPoint) -> str:
    return f"{'' if one.signed else 'u'}fixed<{one.bits}, {one.integer + one.signed}>"
