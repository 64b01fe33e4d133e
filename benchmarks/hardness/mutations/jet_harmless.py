"""Mutations of a jet file that change nothing that matters: the answer is that of the original."""

import random
from typing import Any

import h5py
import numpy as np

from benchmarks.hardness.mutations.jet_files import TABLES, TYPES, JetFile, fields_of, retyped

_WIDER = {"f": ("f8", ">f4", ">f8"), "i": (">i8", "i8"), "b": ("u1", "i4", "f4", ">i2")}


def harmless(subject: JetFile, rng: random.Random) -> str:
    """One of them."""
    return _SORTS[rng.randrange(len(_SORTS))](subject, rng)


def _further_field(subject: JetFile, rng: random.Random) -> str:
    table, kind = rng.choice(TABLES), rng.choice(TYPES)
    if subject.tables[table].dtype.names and kind != ("f4", (0,)):
        subject.tables[table] = retyped(subject.tables[table], **{f"own_{rng.randrange(99)}": kind})
    return f"a further field {kind} in {table}"


def _fields_in_another_order(subject: JetFile, rng: random.Random) -> str:
    table = rng.choice(TABLES)
    names = list(subject.tables[table].dtype.names or ())
    rng.shuffle(names)
    if names:
        kinds = [(name, subject.tables[table].dtype[name]) for name in names]
        made = np.zeros(subject.tables[table].shape, kinds)
        for name in names:
            made[name] = subject.tables[table][name]
        subject.tables[table] = made
    return f"fields of {table} in another order"


def _wider_type(subject: JetFile, rng: random.Random) -> str:
    table, name = fields_of(subject, rng)
    dtype = subject.tables[table].dtype
    if not dtype.names or dtype[name].shape or dtype[name].kind not in _WIDER:
        return "left as it is"
    kind = rng.choice(_WIDER[dtype[name].kind])
    if dtype[name].itemsize <= np.dtype(kind).itemsize:
        subject.tables[table] = retyped(subject.tables[table], **{name: kind})
    return f"{table}.{name} as {kind}"


def _stored_otherwise(subject: JetFile, rng: random.Random) -> str:
    table = rng.choice(TABLES)
    rows = rng.choice((1, 2, 5, 1000))
    storage: dict[str, Any] = {"chunks": (rows, rng.choice((1, 7, 1000)))}
    storage |= rng.choice(
        ({}, {"compression": "gzip"}, {"compression": "lzf", "shuffle": True}, {"fletcher32": True})
    )
    if rng.random() < 0.3:
        storage["maxshape"] = (None,) * subject.tables[table].ndim
    subject.storage[table] = storage
    return f"{table} stored with {storage}"


def _further_things(subject: JetFile, rng: random.Random) -> str:
    def add(file: Any) -> None:
        file.require_group("more/of/it").attrs["x"] = 1
        file.attrs["comment"] = rng.choice(("x", '{"not": json', "x" * 4000))
        if "elsewhere" not in file:
            file["elsewhere"] = h5py.ExternalLink("nowhere.h5", "/x")

    subject.afterwards.append(add)
    return "further groups, attributes and links"


def _linked_within(subject: JetFile, rng: random.Random) -> str:
    table, hard = rng.choice(TABLES), rng.random() < 0.3
    target = rng.choice(("/moved", "/a/b/moved", "moved"))

    def link(file: Any) -> None:
        if isinstance(file.get(table, getlink=True), h5py.HardLink):
            file.move(table, f"{target}_{table}")
            file[table] = file[f"{target}_{table}"] if hard else h5py.SoftLink(f"{target}_{table}")

    subject.afterwards.append(link)
    return f"{table} behind a {'hard' if hard else 'soft'} link"


def _another_file_version(subject: JetFile, rng: random.Random) -> str:
    subject.whole |= rng.choice(
        ({"userblock_size": 512}, {"libver": "latest"}, {"track_order": True}, {"libver": ("v108", "v110")})
    )
    return f"written with {subject.whole}"


def _more_padding(subject: JetFile, rng: random.Random) -> str:
    table = subject.tables["constituents"]
    if table.ndim != 2 or not table.size or (table.dtype.names or ()) == ():
        return "left as it is"
    padding = np.zeros((len(table), rng.choice((1, 10, 200))), table.dtype)
    for name in ("pt", "eta", "phi", "energy"):
        if name in (table.dtype.names or ()) and table.dtype[name].kind == "f":
            padding[name] = rng.choice((float("nan"), 1e30, -1, 0, float("inf")))
    subject.tables["constituents"] = np.concatenate([table, padding], axis=1)
    return f"{padding.shape[1]} more entries of padding"


def _field_that_is_made_up(subject: JetFile, rng: random.Random) -> str:
    name = rng.choice(("label", "n_constituents", "truth_mass", "event", "softdrop_mass", "tau1", "energy"))
    if name in (subject.tables["jets"].dtype.names or ()):
        subject.tables["jets"] = retyped(subject.tables["jets"], **{name: None})
    return f"jets without {name}"


_SORTS = (
    *(_further_field, _fields_in_another_order, _wider_type, _wider_type, _stored_otherwise, _further_things),
    *(_linked_within, _another_file_version, _more_padding, _field_that_is_made_up),
)
