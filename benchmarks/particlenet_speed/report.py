"""The table of speeds, for people and for programs."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from benchmarks.particlenet_speed.agreement import Agreement

HEADER = (
    "| network | jets | task | weaver float32 | ours float32 | ratio | weaver bf16 | ours bf16 | ratio |\n"
    "|---|---|---|---:|---:|---:|---:|---:|---:|\n"
)


class Row(NamedTuple):
    """Jets per second of one task."""

    network: str
    jets: str
    task: str
    weaver: float
    ours: float
    weaver_bf16: float
    ours_bf16: float

    def as_markdown(self) -> str:
        """One row of the table."""
        rates = self.weaver, self.ours, self.weaver_bf16, self.ours_bf16
        texts = [f"{rate:.0f}" for rate in rates]
        texts.insert(4, f"**{self.ours_bf16 / self.weaver_bf16:.1f}**")
        texts.insert(2, f"**{self.ours / self.weaver:.1f}**")
        return "| " + " | ".join([self.network, self.jets, self.task, *texts]) + " |\n"


def machine() -> dict[str, str | int]:
    """What the speeds were measured on."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = (line.partition(":") for line in information.read_text(encoding="utf-8").splitlines())
        fields = {key.strip(): value.strip() for key, _, value in lines}
        model = f"{fields.get('model name', model)} (family {fields.get('cpu family')}, model {fields.get('model')})"
    return {
        "cpu": model,
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }


def as_markdown(
    rows: Sequence[Row], agreements: dict[str, Agreement], jets: str, weaver: str, on: dict[str, str | int]
) -> str:
    """The whole report."""
    lines = [
        f"# ParticleNet: jets per second, beside weaver-core {weaver}\n\n",
        f"{on['cpu']}, threads: {on['threads']} ({on['clock']}), {on['instructions']}, torch {on['torch']}. "
        f"Jets: {jets}. ",
        "Both networks hold the same weights and take turns in one process; each rate is the best over rounds and "
        "batch sizes. Training is forward, backward and Adam.\n\n",
        HEADER,
        *(row.as_markdown() for row in rows),
        "\n",
    ]
    for name, found in agreements.items():
        lines.append(
            f"{name}: of jets with more than k constituents, logits agree to {found.float64:.0e} in float64 and, "
            f"in the median jet, to {found.float32:.0e} in float32 (in {found.reordered:.1%} of jets two neighbours "
            "are equally far but for rounding, and another one is taken); gradients on jets without padding agree "
            f"to {found.gradient:.0e}.\n\n"
        )
    return "".join(lines)
