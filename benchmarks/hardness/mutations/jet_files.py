"""A jet file in memory, as its mutations change it, until it is written."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

TABLES = ("jets", "constituents")
TYPES: tuple[Any, ...] = (
    *(
        "f2",
        "f4",
        "f8",
        ">f4",
        ">f8",
        "i1",
        "u1",
        "i2",
        ">i2",
        "i4",
        "u4",
        "i8",
        "u8",
        "?",
        "c8",
        "c16",
        "S5",
        "V4",
    ),
    *(
        ("f4", (2,)),
        ("f4", (1,)),
        ("f4", (0,)),
        [("a", "f4"), ("b", "f4")],
        h5py.string_dtype(),
        h5py.vlen_dtype("f4"),
    ),
    *(h5py.enum_dtype({"no": 0, "yes": 1}, "i1"), h5py.ref_dtype, "g"),
)
"""Of fields, sound and others."""
STORAGE: tuple[dict[str, Any], ...] = (
    {},
    {"chunks": True},
    {"compression": "gzip", "shuffle": True},
    {"compression": "gzip", "fletcher32": True, "shuffle": True},
    {"compression": "lzf"},
    {"fletcher32": True},
)


@dataclass
class JetFile:
    """What a file will hold, and what is then done to it."""

    path: Path
    tables: dict[str, NDArray[Any]]
    storage: dict[str, dict[str, Any]]
    attributes: dict[str, Any]
    whole: dict[str, Any] = field(default_factory=dict)
    """arguments of ``h5py.File``"""
    afterwards: list[Callable[[Any], None]] = field(default_factory=list)
    """changes of the open file"""
    damage: list[Callable[[bytes], bytes]] = field(default_factory=list)
    sound: bool = True
    """nothing so far is a reason to refuse it, nor to score it otherwise"""
    way: str = "score"
    """what is done with it"""
    skip_bad: bool = False
    sort: bool = False

    def write(self) -> None:
        """Write it."""
        with h5py.File(self.path, "w", **self.whole) as file:
            for name, table in self.tables.items():
                file.create_dataset(name, data=table, **_fitting(self.storage[name], table))
            file.attrs.update(self.attributes)
            for change in self.afterwards:
                change(file)
        content = self.path.read_bytes()
        for damage in self.damage:
            content = damage(content)
        if self.damage:
            self.path.write_bytes(content)


def _fitting(storage: dict[str, Any], table: NDArray[Any]) -> dict[str, Any]:
    """Chunks of as many axes as the table has; none of a table without elements."""
    chunks = storage.get("chunks")
    if table.ndim == 0 or table.size == 0:
        return {}
    if isinstance(chunks, tuple):
        whole = [min(part, size) for part, size in zip(chunks, table.shape, strict=False)]
        return storage | {"chunks": (*whole, *table.shape[len(whole) :])}
    return storage


def begun(
    rng: random.Random, path: Path, original: tuple[NDArray[Any], NDArray[Any], tuple[str, ...]]
) -> JetFile:
    """A sound file, stored in one of several ways."""
    jets, constituents, processes = original
    storage = {name: dict(rng.choice(STORAGE)) for name in TABLES}
    tables = {"jets": jets.copy(), "constituents": constituents.copy()}
    return JetFile(path, tables, storage, {"processes": list(processes)})


def retyped(table: NDArray[Any], **types: Any) -> NDArray[Any]:
    """A copy with fields of another type or further fields, which hold zeros; None takes a field away."""
    names = table.dtype.names or ()
    fields = {name: table.dtype[name] for name in names} | types
    kept = [(name, kind) for name, kind in fields.items() if kind is not None]
    made = np.zeros(table.shape, kept)
    for name, _ in kept:
        if name in names:
            values = table[name]
            target = made[name]
            if target.ndim > values.ndim:
                values = values[(..., *(None,) * (target.ndim - values.ndim))]
            if target.dtype.names:
                continue
            with np.errstate(all="ignore"):
                made[name] = values.astype(str) if target.dtype.kind in "SUO" else values
    return made


def fields_of(subject: JetFile, rng: random.Random, table: str | None = None) -> tuple[str, str]:
    """A table and a field of it; of one without fields an empty name."""
    chosen = table or rng.choice(TABLES)
    names = subject.tables[chosen].dtype.names or ("",) if chosen in subject.tables else ("",)
    return chosen, rng.choice(names)
