"""Which runs are compared: every quantized twin of a folder with the float network of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeood.errors import EdgeoodError
from edgeood.run import Run

NETWORKS = {"cnn": "CNN", "particlenet_lite": "ParticleNet-lite"}
TOOLKITS = {"qkeras": "QKeras", "brevitas": "Brevitas"}


@dataclass(frozen=True)
class Pair:
    """A quantized twin and what it is measured against."""

    twin: Run
    teacher: Run
    """the float run of the same kind of network"""
    full: Run | None
    """a float ParticleNet of full size, for twins of ParticleNet-lite"""

    @property
    def network(self) -> str:
        """Kind of the network."""
        return str(self.twin.manifest["recipe"]["network"]["kind"])

    @property
    def toolkit(self) -> str:
        """What the twin was trained with."""
        return str(self.twin.manifest["recipe"]["quantization"]["toolkit"])

    @property
    def runs(self) -> list[Run]:
        """All of them."""
        return [self.twin, self.teacher, *([self.full] if self.full else [])]


def pairs_in(folder: Path) -> list[Pair]:
    """The pairs of the finished runs in the subfolders of ``folder``, networks and toolkits in a fixed order.

    Raises :class:`EdgeoodError` if there is no twin, two of one kind, or not exactly one float run for it.
    """
    runs = [Run.open(file.parent) for file in sorted(folder.glob("*/run.json"))]
    twins = [run for run in runs if run.quantized]
    if not twins:
        raise EdgeoodError(f"{folder} holds no run of a quantized twin; train some with `edgeood train`.")
    floats = [run for run in runs if not run.quantized]
    full = _only([run for run in floats if _kind(run) == "particlenet"], "a float ParticleNet")
    pairs = []
    for network in NETWORKS:
        for toolkit in TOOLKITS:
            own = [run for run in twins if (_kind(run), _toolkit(run)) == (network, toolkit)]
            if twin := _only(own, f"a {network} of {toolkit}"):
                teacher = _only([run for run in floats if _teaches(run, twin)], f"a float {network}")
                if teacher is None:
                    raise EdgeoodError(
                        f"{folder} holds no float run with the inputs of {twin.path.name}; put its teacher there."
                    )
                pairs.append(Pair(twin, teacher, full if network == "particlenet_lite" else None))
    return pairs


def tasks_of(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """The pairs that tell the same signals from the same background, together."""
    tasks: dict[str, list[Pair]] = {}
    for pair in pairs:
        data = pair.twin.manifest["recipe"]["data"]
        tasks.setdefault(repr([data["classes"][data["background"]], data["signals"]]), []).append(pair)
    return list(tasks.values())


def _kind(run: Run) -> str:
    return str(run.manifest["recipe"]["network"]["kind"])


def _toolkit(run: Run) -> str:
    return str(run.manifest["recipe"]["quantization"]["toolkit"])


def _teaches(run: Run, twin: Run) -> bool:
    inputs = [one.manifest["recipe"]["inputs"] for one in (run, twin)]
    return _kind(run) == _kind(twin) and inputs[0] == inputs[1] and run.classes == twin.classes


def _only(runs: Sequence[Run], what: str) -> Run | None:
    if len(runs) > 1:
        names = ", ".join(run.path.name for run in runs)
        raise EdgeoodError(f"{runs[0].path.parent} holds more than one run of {what} ({names}); keep one.")
    return runs[0] if runs else None
