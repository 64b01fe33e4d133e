"""Mutations of the numbers in a jet file: most make a jet unsound, some another sound jet."""

import random
from typing import Any

import numpy as np

from benchmarks.hardness.mutations.jet_files import TABLES, JetFile, fields_of

_ODD = (
    *(
        float("nan"),
        float("inf"),
        float("-inf"),
        0.0,
        -0.0,
        -1.0,
        1.0,
        0.5,
        2.0,
        127.0,
        128.0,
        255.0,
        1e-45,
        1e-30,
    ),
    *(1e5, 1e12, 1e30, 3.4e38, -3.4e38, 7.9, 8.1, -20.0, 20.5, 200.0, 360.0),
)


def values(subject: JetFile, rng: random.Random) -> str:
    """One mutation of values."""
    subject.sound = False
    present = [table for table in TABLES if subject.tables[table].size and subject.tables[table].dtype.names]
    if not present:
        return "nothing left to change"
    with np.errstate(all="ignore"):
        return str(rng.choice(_SORTS)(subject, rng, rng.choice(present)))


def _odd_number(subject: JetFile, rng: random.Random, table: str) -> str:
    _, name = fields_of(subject, rng, table)
    column = subject.tables[table][name].reshape(-1)
    rows = rng.choice((1, 1, 2, len(column)))
    value = rng.choice(_ODD)
    column = subject.tables[table][name]
    if column.dtype.kind not in "iufb":
        return f"{table}.{name} left as it is"
    if column.dtype.kind in "iu":
        limits = np.iinfo(column.dtype)
        value = rng.choice((limits.min, limits.max, -1, 0, 1, 5, 100))
        value = max(limits.min, min(limits.max, value))
    flat = column.ravel()
    for _ in range(rows):
        flat[rng.randrange(len(flat))] = value
    subject.tables[table][name] = flat.reshape(column.shape)
    return f"{table}.{name} is {value} in {rows} entries"


def _another_unit(subject: JetFile, rng: random.Random, table: str) -> str:
    _, name = fields_of(subject, rng, table)
    column = subject.tables[table][name]
    factor = rng.choice((1000, 0.001, 180 / np.pi, -1, 2, 1e10))
    if column.dtype.kind != "f":
        return f"{table}.{name} left as it is"
    subject.tables[table][name] = column * factor
    return f"{table}.{name} times {factor:g}"


def _exchanged(subject: JetFile, rng: random.Random, table: str) -> str:
    names = [name for name in subject.tables[table].dtype.names or () if subject.tables[table][name].ndim < 3]
    one, other = rng.choice(names), rng.choice(names)
    first, second = subject.tables[table][one].copy(), subject.tables[table][other].copy()
    if {first.dtype.kind, second.dtype.kind} - set("iufb"):
        return "nothing exchanged"
    subject.tables[table][one], subject.tables[table][other] = second, first
    return f"{one} and {other} of {table} exchanged"


def _relative(subject: JetFile, rng: random.Random, table: str) -> str:
    jets, constituents = subject.tables["jets"], subject.tables["constituents"]
    for name in ("eta", "phi"):
        if name in (jets.dtype.names or ()) and name in (constituents.dtype.names or ()):
            if jets[name].ndim + 1 != constituents[name].ndim or jets[name].dtype.kind != "f":
                return "left as it is"
            if len(jets) == len(constituents) and constituents[name].dtype.kind == "f":
                constituents[name] = constituents[name] - jets[name][:, None]
    return "constituents relative to the axis"


def _another_order(subject: JetFile, rng: random.Random, table: str) -> str:
    constituents = subject.tables["constituents"]
    if constituents.ndim != 2:
        return "left as it is"
    random_numbers = np.random.default_rng(rng.randrange(2**32))
    sort = rng.choice(("reversed", "shuffled", "two exchanged", "jets shuffled"))
    if sort == "reversed":
        subject.tables["constituents"] = constituents[:, ::-1].copy()
    elif sort == "shuffled":
        subject.tables["constituents"] = random_numbers.permuted(constituents, axis=1)
    elif sort == "two exchanged":
        one, other = rng.randrange(constituents.shape[1]), rng.randrange(constituents.shape[1])
        constituents[:, [one, other]] = constituents[:, [other, one]]
    else:
        random_numbers.shuffle(subject.tables["jets"])
    return f"constituents {sort}" if "jets" not in sort else sort


def _holes(subject: JetFile, rng: random.Random, table: str) -> str:
    constituents = subject.tables["constituents"]
    if "valid" not in (constituents.dtype.names or ()) or constituents.dtype["valid"].shape:
        return "left as it is"
    valid = constituents["valid"].ravel()
    count = rng.choice((1, 5, len(valid)))
    for _ in range(count):
        valid[rng.randrange(len(valid))] = rng.choice((0, 0, 1))
    constituents["valid"] = valid.reshape(constituents["valid"].shape)
    return f"{count} entries of valid changed"


def _odd_truth(subject: JetFile, rng: random.Random, table: str) -> str:
    constituents: Any = subject.tables["constituents"]
    if "valid" not in (constituents.dtype.names or ()) or constituents.dtype["valid"] != np.bool_:
        return "left as it is"
    raw = constituents["valid"].copy().view(np.uint8)
    raw.ravel()[rng.randrange(raw.size)] = rng.choice((2, 3, 128, 255))
    subject.tables["constituents"]["valid"] = raw.view(np.bool_)
    return "a truth value that is neither 0 nor 1"


_SORTS = (
    *(_odd_number,) * 5,
    *(_another_unit,) * 3,
    *(_exchanged, _exchanged, _relative, _another_order, _another_order, _holes, _holes, _odd_truth),
)
