"""Jets per second of two networks, in turns."""

import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

Step = Callable[[Tensor], None]


def inference(network: nn.Module, bfloat16: bool) -> Step:
    """A step that scores one batch."""

    def step(batch: Tensor) -> None:
        network.eval()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            network(batch)

    return step


def training(network: nn.Module, bfloat16: bool) -> Step:
    """A step forward, backward and of Adam on one batch."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)

    def step(batch: Tensor) -> None:
        network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            outputs = network(batch)
        logits = getattr(outputs, "logits", outputs).float()
        optimizer.zero_grad()
        functional.cross_entropy(logits, torch.arange(len(batch)) % logits.shape[1]).backward()
        optimizer.step()

    return step


def jets_per_second(
    steps: Mapping[str, Step],
    clouds: Tensor,
    batches: Sequence[int],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """The rate of every step over all ``clouds``: the best of all batch sizes and ``rounds`` rounds.

    In every round each step takes its turn, so that whatever else the machine does falls on all of them. The
    best, because others can make a step slower but never faster.
    """
    best = dict.fromkeys(steps, 0.0)
    for size in batches:
        for step in steps.values():
            step(clouds[:size])
        for _ in range(rounds):
            for name, step in steps.items():
                begin = clock()
                for batch in clouds.split(size):
                    step(batch)
                best[name] = max(best[name], len(clouds) / (clock() - begin))
    return best
