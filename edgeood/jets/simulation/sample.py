"""Samples: how many jets of which processes, in a YAML file."""

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from edgeood.errors import EdgeoodError
from edgeood.jets.simulation.processes import JetSelection, process_named
from edgeood.jets.simulation.response import DetectorName
from edgeood.jets.simulation.shard import Shard
from edgeood.resources import recipes_folder
from edgeood.yaml_files import read_yaml, shipped_names, validated

_SETTING = re.compile(r"[A-Za-z]\w*:[A-Za-z]\w* ?= ?\S(.*\S)?")
_OURS = ("beams", "init", "main", "next", "print", "random", "stat")


class Sample(BaseModel):
    """What is to be generated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    constituents: int = Field(100, ge=1, le=1000, description="leading constituents kept of each jet")
    shard_jets: int = Field(5000, ge=1, description="jets in one file")
    jets: dict[str, int] = Field(min_length=1, description="process → number of jets")
    selection: JetSelection | None = Field(
        None,
        description="anti-kT radius and window (radius, pt_min, pt_max, eta_max) in place of the processes' own",
    )
    pythia: tuple[str, ...] = Field(
        (), description="further settings, as 'PartonShowers:model=2', which is another shower (Vincia)"
    )
    detector: DetectorName = Field(
        "cms", description="'fine': calorimeter cells a fifth as wide; 'particles': jets of true particles"
    )

    @field_validator("jets")
    @classmethod
    def _check(cls, jets: dict[str, int]) -> dict[str, int]:
        for process, count in jets.items():
            process_named(process)
            if count < 1:
                raise ValueError(f"{process} asks for {count} jets, which must be at least 1")
        return jets

    @field_validator("pythia")
    @classmethod
    def _check_settings(cls, settings: tuple[str, ...]) -> tuple[str, ...]:
        for setting in settings:
            if not _SETTING.fullmatch(setting):
                raise ValueError(f"'{setting}' is no setting of Pythia's; write group:name=value")
            if setting.split(":")[0].lower() in _OURS:
                raise ValueError(f"'{setting}' is not the sample's to say: seeds, beams and output are ours")
        return settings

    @property
    def total(self) -> int:
        """Number of jets of all processes."""
        return sum(self.jets.values())

    def scaled(self, total: int) -> "Sample":
        """The same mixture with ``total`` jets, shared out by largest remainders, at least one a process."""
        if total < len(self.jets):
            raise EdgeoodError(
                f"{total} jets are too few for the {len(self.jets)} processes of sample '{self.name}'; "
                f"ask for at least {len(self.jets)}."
            )
        spare = total - len(self.jets)
        exact = {process: count * spare / self.total for process, count in self.jets.items()}
        counts = {process: 1 + int(share) for process, share in exact.items()}
        by_remainder = sorted(exact, key=lambda process: int(exact[process]) - exact[process])
        for process in by_remainder[: total - sum(counts.values())]:
            counts[process] += 1
        return self.model_copy(update={"jets": counts})

    def shards(self, seed: int, fast: bool) -> list[Shard]:
        """Every shard, processes in turn, so that an interrupted sample has some jets of each."""
        turns: list[tuple[int, int, Shard]] = []
        for order, (process, count) in enumerate(self.jets.items()):
            for number, start in enumerate(range(0, count, self.shard_jets)):
                size = min(self.shard_jets, count - start)
                shard = Shard(
                    process,
                    number,
                    size,
                    self.constituents,
                    seed,
                    fast,
                    self.selection,
                    self.pythia,
                    self.detector,
                )
                turns.append((number, order, shard))
        return [shard for *_, shard in sorted(turns, key=lambda turn: turn[:2])]


def samples_folder() -> Path:
    """Folder of the samples that come with the package."""
    return recipes_folder() / "samples"


def shipped_samples() -> list[str]:
    """Names of the samples that come with the package."""
    return shipped_names(samples_folder())


def load_sample(name_or_path: str | Path) -> Sample:
    """Read a sample from a YAML file, or by the name of a shipped one.

    Raises :class:`EdgeoodError` when it is missing, is not YAML, or names an unknown key or process.
    """
    return parse_sample(read_yaml(name_or_path, samples_folder(), "sample"), str(name_or_path))


def parse_sample(content: Any, source: str) -> Sample:
    """Validate a sample given as plain dictionaries; errors name ``source`` and the first wrong key."""
    return validated(Sample, content, source, "sample")
