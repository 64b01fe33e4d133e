"""What a test bench feeds a design, clock by clock, and what must come out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.export.verilog.ports import Ports
from edgeood.scores.fused.network import FusedNetwork

Clock = tuple[int | None, bool]
"""One clock: the index of the jet that enters, or None, and whether reset is high."""


def back_to_back(jets: int) -> list[Clock]:
    """A jet at every clock."""
    return [(jet, False) for jet in range(jets)]


def with_bubbles(jets: int, seed: int = 0) -> list[Clock]:
    """The jets in their order, with empty clocks in between."""
    random = np.random.default_rng(seed)
    clocks: list[Clock] = []
    for jet in range(jets):
        clocks += [(None, False)] * int(random.integers(0, 4))
        clocks.append((jet, False))
    return clocks


def lines(ports: Ports, clocks: Sequence[Clock], inputs: NDArray[Any], mass_gev: NDArray[Any]) -> str:
    """A line for each clock: valid, reset, ``in_data`` and ``in_mass``; empty clocks carry the words of a jet, too."""
    words = ports.words(inputs, mass_gev)
    text = []
    for clock, (jet, reset) in enumerate(clocks):
        data, mass = words[clock % len(words) if jet is None else jet]
        text.append(f"{int(jet is not None)} {int(reset)} {data} {mass}\n")
    return "".join(text)


def jets_that_leave(clocks: Sequence[Clock], latency: int) -> list[int]:
    """Indices of the jets that come out: a reset drops those that are inside, and the one that enters with it."""
    resets = np.array([clock for clock, (_, reset) in enumerate(clocks) if reset], int)
    return [
        jet
        for clock, (jet, _) in enumerate(clocks)
        if jet is not None and not ((clock <= resets) & (resets < clock + latency)).any()
    ]


def bench_inputs(ports: Ports, count: int, seed: int = 0) -> NDArray[np.float32]:
    """(count, N, F) candidates on the grid of the port: of every size, with gaps, ties and saturated numbers."""
    random, grid = np.random.default_rng(seed), ports.input
    shape = (count, *ports.shape)
    spread = 2 ** random.integers(1, grid.bits, (count, 1, 1))
    integers = np.rint(random.normal(0, 1, shape) * spread)
    integers[..., 0] = np.abs(integers[..., 0]) * (random.random(shape[:2]) < random.random((count, 1)))
    return np.asarray(grid.quantize(integers * grid.step), np.float32)


def bench_masses(network: FusedNetwork, integers: NDArray[np.int64]) -> NDArray[np.float32]:
    """(count,) masses in GeV at which thresholds lie closest to the scores, from both sides in turn."""
    if network.decision is None:
        return np.zeros(len(integers), np.float32)
    margins = integers[:, None] - network.decision.thresholds
    furthest = np.iinfo(np.int64).max
    below = np.where(margins > 0, margins, furthest).argmin(axis=1)
    above = np.where(margins <= 0, -margins, furthest).argmin(axis=1)
    words = np.where(np.arange(len(integers)) % 2, below, above)
    return np.asarray(words * network.decision.mass_type.step, np.float32)
