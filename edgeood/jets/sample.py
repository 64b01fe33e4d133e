"""Samples: how many jets of which processes, in a YAML file."""

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edgeood.errors import EdgeoodError
from edgeood.jets.processes import process_named
from edgeood.jets.shard import Shard
from edgeood.resources import recipes_folder


class Sample(BaseModel):
    """What is to be generated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    constituents: int = Field(100, ge=1, le=1000, description="leading constituents kept of each jet")
    shard_jets: int = Field(5000, ge=1, description="jets in one file")
    jets: dict[str, int] = Field(min_length=1, description="process → number of jets")

    @field_validator("jets")
    @classmethod
    def _check(cls, jets: dict[str, int]) -> dict[str, int]:
        for process, count in jets.items():
            process_named(process)
            if count < 1:
                raise ValueError(f"{process} asks for {count} jets, which must be at least 1")
        return jets

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
                turns.append((number, order, Shard(process, number, size, self.constituents, seed, fast)))
        return [shard for *_, shard in sorted(turns, key=lambda turn: turn[:2])]


def samples_folder() -> Path:
    """Folder of the samples that come with the package."""
    return recipes_folder() / "samples"


def shipped_samples() -> list[str]:
    """Names of the samples that come with the package."""
    return sorted(path.stem for path in samples_folder().glob("*.yaml"))


def load_sample(name_or_path: str | Path) -> Sample:
    """Read a sample from a YAML file, or by the name of a shipped one.

    Raises :class:`EdgeoodError` when it is missing, is not YAML, or names an unknown key or process.
    """
    path = Path(name_or_path)
    if not path.is_file() and path.suffix == "" and path.name == str(name_or_path):
        path = samples_folder() / f"{name_or_path}.yaml"
    if not path.is_file():
        known = shipped_samples()
        close = difflib.get_close_matches(Path(name_or_path).stem, known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"give a YAML file or one of {', '.join(known)}."
        raise EdgeoodError(f"there is no sample '{name_or_path}'; {hint}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EdgeoodError(
            f"{path} is not readable YAML ({' '.join(str(error).split())}); correct it."
        ) from error
    return parse_sample(content, str(name_or_path))


def parse_sample(content: Any, source: str) -> Sample:
    """Validate a sample given as plain dictionaries; errors name ``source`` and the first wrong key."""
    if not isinstance(content, dict):
        raise EdgeoodError(f"{source} holds no sample; write a YAML mapping with 'name' and 'jets'.")
    try:
        return Sample.model_validate(content)
    except EdgeoodError as error:
        raise EdgeoodError(f"{source}: {error}") from error
    except ValidationError as error:
        # A misspelt key also shows up as a missing one: name the misspelling.
        problem = min(error.errors(), key=lambda problem: problem["type"] == "missing")
        raise EdgeoodError(_sentence(dict(problem), source)) from error


def _sentence(problem: dict[str, Any], source: str) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        close = difflib.get_close_matches(where, list(Sample.model_fields), n=1)
        remedy = f"did you mean '{close[0]}'?" if close else "remove it."
        return f"{source}: unknown key '{where}'; {remedy}"
    if problem["type"] == "missing":
        return f"{source}: '{where}' is missing; add it."
    return f"{source}: '{where}' is not valid: {problem['msg'].removeprefix('Value error, ')}; correct it."
