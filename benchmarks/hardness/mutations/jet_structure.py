"""Mutations of how a jet file is made: types, shapes, fields, attributes, links, filters, places of the data."""

import random
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from benchmarks.hardness.mutations.jet_files import TABLES, TYPES, JetFile, fields_of, retyped
from benchmarks.hardness.mutations.jet_harmless import harmless
from edgeood.jets.hdf5.tables import REQUIRED

_ATTRIBUTES: tuple[Any, ...] = (
    *(
        0,
        1,
        2,
        -1,
        1.0,
        float("nan"),
        "",
        "x",
        "1",
        "edgeood-jets",
        "edgeood-scores",
        b"\xff",
        True,
        [],
        [0, 1],
    ),
    *(
        ["quark"],
        ["a", "b", "c", "d", "e"],
        [f"p{i}" for i in range(200)],
        np.zeros((2, 2)),
        h5py.Empty("f4"),
    ),
    *(h5py.Empty("S3"), np.array([b"a\xff", b"b"]), "x" * 5000, np.zeros(2, [("a", "f4")]), '{"a": ', "{}"),
)


def structure(subject: JetFile, rng: random.Random) -> str:
    """One mutation of structure."""
    if rng.random() < 0.4:
        return harmless(subject, rng)
    subject.sound = False
    return _SORTS[rng.randrange(len(_SORTS))](subject, rng)


def _another_type(subject: JetFile, rng: random.Random) -> str:
    table, name = fields_of(subject, rng)
    kind = rng.choice(TYPES)
    if subject.tables[table].dtype.names and subject.tables[table].dtype[name].kind in "iufb":
        subject.tables[table] = retyped(subject.tables[table], **{name: kind})
    return f"{table}.{name} of type {kind}"


def _another_shape(subject: JetFile, rng: random.Random) -> str:
    table = rng.choice(TABLES)
    values = subject.tables[table]
    sort = rng.choice(
        ("a row less", "no rows", "an axis more", "an axis less", "a scalar", "no width", "wide", "long")
    )
    if values.ndim == 0 or (sort in ("wide", "long") and not values.size):
        return "left as it is"
    if sort == "wide" and values.ndim == 2:
        values = np.concatenate(
            [values] + [values[:, -1:]] * rng.choice((4100, 4097 - values.shape[1])), axis=1
        )
    elif sort == "long":
        values = np.concatenate([values] * 300)
    changed: dict[str, Callable[[], Any]] = {
        "a row less": lambda: values[:-1],
        "no rows": lambda: values[:0],
        "an axis more": lambda: values[..., None],
        "an axis less": lambda: values[..., 0] if values.size else values,
        "a scalar": lambda: values.ravel()[:1].reshape(()) if values.size else values,
        "no width": lambda: values[..., :0] if values.ndim > 1 else values[:0],
        "wide": lambda: values,
        "long": lambda: values,
    }
    subject.tables[table] = changed[sort]()
    return f"{table} with {sort}"


def _field_missing(subject: JetFile, rng: random.Random) -> str:
    table, name = fields_of(subject, rng)
    names = subject.tables[table].dtype.names or ()
    if len(names) > 1:
        subject.tables[table] = retyped(subject.tables[table], **{name: None})
    return f"{table} without {name}{' (required)' if name in REQUIRED[table] else ''}"


def _no_compound(subject: JetFile, rng: random.Random) -> str:
    table = rng.choice(TABLES)
    kind = rng.choice(("f4", "i4", "S3"))
    subject.tables[table] = np.zeros(subject.tables[table].shape, kind)
    return f"{table} of plain {kind}"


def _another_object(subject: JetFile, rng: random.Random) -> str:
    table, sort = rng.choice(TABLES), rng.choice(tuple(_OBJECTS))

    def replace(file: Any) -> None:
        if table in file:
            del file[table]
        _OBJECTS[sort](file, table)

    subject.afterwards.append(replace)
    return f"{table} is {sort}"


def _unwritten(file: Any, name: str, shape: tuple[int, ...], **more: Any) -> None:
    kinds = [(field, "f4") for field in ("pt", "eta", "phi", "mass", "energy")] + [("valid", "?")]
    file.create_dataset(name, shape, kinds, chunks=True, **more)


def _virtual(file: Any, name: str) -> None:
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
    file.create_virtual_dataset(name, layout)


def _external(file: Any, name: str) -> None:
    file.create_dataset(name, (3,), "f4", external=[("other.bin", 0, 12)])


def _unknown_filter(file: Any, name: str) -> None:
    shape = (3,) if name == "jets" else (3, 4)
    kinds = [(field, "f4") for field in ("pt", "eta", "phi", "mass", "energy")] + [("valid", "?")]
    made = file.create_dataset(
        name, shape, kinds, chunks=shape, compression=40_000, allow_unknown_filter=True
    )
    made.id.write_direct_chunk((0,) * len(shape), b"12345")


_OBJECTS: dict[str, Callable[[Any, str], Any]] = {
    "missing": lambda file, name: None,
    "a group": lambda file, name: file.create_group(name),
    "a null data set": lambda file, name: file.create_dataset(name, data=h5py.Empty("f4")),
    "a type": lambda file, name: file.__setitem__(name, np.dtype("f4")),
    "a link to nowhere": lambda file, name: file.__setitem__(name, h5py.SoftLink("/nowhere")),
    "a link to itself": lambda file, name: file.__setitem__(name, h5py.SoftLink(f"/{name}")),
    "a link into another file": lambda file, name: file.__setitem__(
        name, h5py.ExternalLink("other.h5", "/x")
    ),
    "virtual": _virtual,
    "stored in another file": _external,
    "never written": lambda file, name: _unwritten(file, name, (3,) if name == "jets" else (3, 4)),
    "long and never written": lambda file, name: _unwritten(
        file, name, (10**9,) if name == "jets" else (10**9, 100)
    ),
    "wide and never written": lambda file, name: _unwritten(file, name, (12, 4000)),
    "packed with an unknown filter": _unknown_filter,
    "a text": lambda file, name: file.create_dataset(name, data="jets"),
}


def _odd_attribute(subject: JetFile, rng: random.Random) -> str:
    name = rng.choice(
        ("format", "version", "processes", "processes", "process", "score", "engine", "threshold")
    )
    value = rng.choice(_ATTRIBUTES)
    subject.attributes[name] = value
    return f"attribute {name} is {str(value)[:30]!r}"


def _attribute_missing(subject: JetFile, rng: random.Random) -> str:
    subject.attributes.pop("processes", None)
    return "attribute processes missing"


def _reference(subject: JetFile, rng: random.Random) -> str:
    name = rng.choice(("format", "version", "processes"))

    def refer(file: Any) -> None:
        file.attrs.create(name, file.ref, dtype=h5py.ref_dtype)

    subject.afterwards.append(refer)
    return f"attribute {name} is a reference"


_SORTS = (
    *(
        _another_type,
        _another_type,
        _another_shape,
        _field_missing,
        _no_compound,
        _another_object,
        _another_object,
    ),
    *(_odd_attribute, _odd_attribute, _attribute_missing, _reference),
)
