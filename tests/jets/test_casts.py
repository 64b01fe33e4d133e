"""Numbers arrive as they were written, or are refused: every field, every type, against Python's own integers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plain_files import plain_jets, retyped, write_plain

from edgeood.errors import EdgeoodError
from edgeood.jets.format import iterate_jets, read_jets
from edgeood.jets.layout import CONSTITUENT_DTYPE, JET_DTYPE
from edgeood.jets.soundness.casts import takes, wrong_values

INTEGERS = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
FLOATS = ("f2", "f4", "f8", "g")
PROCESSES = {"processes": ["a", "b"]}


def extremes(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Values of a type at its own limits and at those of every integer type."""
    edges = [
        edge + step
        for name in INTEGERS
        for edge in (np.iinfo(name).min, np.iinfo(name).max)
        for step in (-1, 0, 1)
    ]
    random = np.random.default_rng(3)
    edges += [int(value) for value in random.integers(-300, 300, 200)]
    if dtype.kind == "f":
        special = [0.5, -0.5, 1.9, np.nan, np.inf, -np.inf, 1e30, 2.0**63, -(2.0**63), 127.5, 1e-30]
        with np.errstate(over="ignore"):
            return np.array([float(edge) for edge in edges] + special).astype(dtype)
    limits = np.iinfo(dtype)
    return np.array([edge for edge in edges if limits.min <= edge <= limits.max], dtype)


@pytest.mark.parametrize("given", INTEGERS + FLOATS)
@pytest.mark.parametrize("wanted", ["i1", "i2", "i8"])
def test_an_integer_field_holds_what_python_says_it_can(given: str, wanted: str) -> None:
    values, limits = extremes(np.dtype(given)), np.iinfo(wanted)
    wrong = wrong_values(values, np.dtype(wanted))
    for position, value in enumerate(values):
        number = value.item() if given != "g" else float(value)
        fits = number == number and abs(number) != float("inf") and int(number) == number
        fits = fits and limits.min <= int(number) <= limits.max
        assert (wrong is None or not wrong[position]) == fits, value
        if fits:
            assert int(values[position].astype(wanted)) == int(number)


@pytest.mark.parametrize("given", INTEGERS + FLOATS)
def test_a_truth_value_is_zero_or_one(given: str) -> None:
    values = extremes(np.dtype(given))
    wrong = wrong_values(values, np.dtype("?"))
    assert wrong is not None
    np.testing.assert_array_equal(~wrong, [value in (0, 1) for value in values])


def test_bytes_of_truth_values_are_looked_at() -> None:
    """HDF5 hands on what stands in a file: a byte of 2 would count as two constituents."""
    values = np.array([0, 1, 2], np.uint8).view(np.bool_)
    wrong = wrong_values(values, np.dtype("?"))
    assert wrong is not None
    assert wrong.tolist() == [False, False, True]


def test_a_float_field_rounds_but_does_not_overflow() -> None:
    largest = float(np.finfo(np.float32).max)
    values = np.array([0.1, -largest, 2 * largest, np.nan, np.inf, 1e-300])
    wrong = wrong_values(values, np.dtype("f4"))
    assert wrong is not None
    assert wrong.tolist() == [False, False, True, False, False, False]
    for given in (*INTEGERS, "f2", "f4"):
        assert wrong_values(extremes(np.dtype(given)), np.dtype("f4")) is None


def test_types_that_are_no_numbers_are_not_taken() -> None:
    for wanted in ("f4", "i1", "?"):
        for given in ("c8", "S4", "O", "M8[s]", "V3", ("f4", (2,)), [("a", "f4")]):
            assert not takes(np.dtype(wanted), np.dtype(given))
    assert not takes(np.dtype("f4"), np.dtype("?"))


JET_CASES = {
    "process wraps": ("process", "i4", 256, r"process = 256"),
    "process is no whole number": ("process", "f4", 1.5, r"process = 1\.5"),
    "label wraps": ("label", "i4", 300, r"label = 300"),
    "n_constituents wraps": ("n_constituents", "i4", 70000, r"n_constituents = 70000"),
    "event is not a number": ("event", "f8", np.nan, r"event = nan"),
    "event is too large": ("event", "u8", 2**63, r"event = 9223372036854775808"),
    "event is infinite": ("event", "f4", np.inf, r"event = inf"),
    "pt overflows": ("pt", "f8", 1e200, r"pt = 1e\+200"),
    "truth_mass overflows": ("truth_mass", "f8", -1e200, r"truth_mass = -1e\+200"),
    "tau3 overflows": ("tau3", "f8", 1e39, r"tau3 = 1e\+39"),
}


@pytest.mark.parametrize("case", JET_CASES)
def test_jets_fields_are_cast_exactly_or_refused(case: str, tmp_path: Path) -> None:
    field, given, value, message = JET_CASES[case]
    jets, constituents = plain_jets()
    jets = retyped(jets, **{"process": "i1", field: given})
    jets[field][5] = value
    path = write_plain(tmp_path / "a.h5", (jets, constituents), PROCESSES)
    for read in (read_jets, lambda file: list(iterate_jets(file, 3))):
        with pytest.raises(EdgeoodError, match=rf"a\.h5: jet 5 has {message}; write .*\.$"):
            read(path)


PART_CASES = {
    "charge wraps": ("charge", "i4", 257, r"charge = 257"),
    "charge is a third": ("charge", "f8", 1 / 3, r"charge = 0\.333"),
    "kind wraps": ("kind", "i8", 258, r"kind = 258"),
    "valid is a hundredth": ("valid", "f4", 0.01, r"valid = 0\.00999"),
    "valid is not a number": ("valid", "f8", np.nan, r"valid = nan"),
    "valid is two": ("valid", "i1", 2, r"valid = 2"),
    "energy overflows": ("energy", "f8", 1e40, r"energy = 1e\+40"),
}


@pytest.mark.parametrize("case", PART_CASES)
def test_constituents_fields_are_cast_exactly_or_refused(case: str, tmp_path: Path) -> None:
    field, given, value, message = PART_CASES[case]
    jets, constituents = plain_jets()
    constituents = retyped(constituents, **{field: given})
    constituents[field][5, 2] = value
    path = write_plain(tmp_path / "a.h5", (jets, constituents))
    for read in (read_jets, lambda file: list(iterate_jets(file, 3))):
        with pytest.raises(
            EdgeoodError, match=rf"a\.h5: jet 5 has a constituent with {message}.*; write .*\.$"
        ):
            read(path)


def test_numbers_of_other_types_arrive(tmp_path: Path) -> None:
    jets, constituents = plain_jets()
    jets = retyped(jets, process="f4", label="u8", event=">f8", n_constituents="i8", pt=">f8", mass="i2")
    jets["process"], jets["label"], jets["event"], jets["n_constituents"] = 1, 3, 2.0**52, 12
    constituents = retyped(constituents, charge="f2", kind=">i4", valid="u1", eta=">f8", extra="S9")
    constituents["charge"], constituents["kind"] = -1, 3
    read = read_jets(write_plain(tmp_path / "a.h5", (jets, constituents), PROCESSES))
    assert (read.jets.dtype, read.constituents.dtype) == (JET_DTYPE, CONSTITUENT_DTYPE)
    for name in ("label", "event", "n_constituents", "mass"):
        np.testing.assert_array_equal(read.jets[name], jets[name])
    for name in ("charge", "kind", "valid", "pt"):
        np.testing.assert_array_equal(read.constituents[name], constituents[name])
    np.testing.assert_allclose(read.constituents["eta"], constituents["eta"], rtol=1e-6)
    assert set(read.process_names) == {"b"}


def test_what_stands_in_padding_is_not_looked_at(tmp_path: Path) -> None:
    jets, constituents = plain_jets()
    constituents = retyped(constituents, charge="f4", kind="i4", pt="f8")
    constituents["valid"][:, 6:] = False
    for field, value in (("charge", np.nan), ("kind", 999), ("pt", 1e300), ("eta", np.inf), ("phi", 1e30)):
        constituents[field][:, 6:] = value
    read = read_jets(write_plain(tmp_path / "a.h5", (jets, constituents)))
    assert (read.constituents[:, 6:] == np.zeros((), CONSTITUENT_DTYPE)).all()
    np.testing.assert_allclose(read.constituents["pt"][:, :6], constituents["pt"][:, :6], rtol=1e-6)


@pytest.mark.parametrize(
    ("table", "field", "given", "named"),
    [
        ("constituents", "pt", "c8", "complex64"),
        ("constituents", "pt", "S12", "string"),
        ("constituents", "energy", "?", "bool"),
        ("constituents", "valid", "S1", "string"),
        ("jets", "mass", "c16", "complex128"),
        ("jets", "eta", ("f4", (3,)), r"\('<f4', \(3,\)\)"),
    ],
)
def test_fields_of_other_types_are_named(
    table: str, field: str, given: Any, named: str, tmp_path: Path
) -> None:
    jets, constituents = plain_jets()
    tables = {"jets": jets, "constituents": constituents}
    changed = np.zeros(
        tables[table].shape,
        [(name, given if name == field else kind) for name, kind in tables[table].dtype.descr],
    )
    tables[table] = changed
    path = write_plain(tmp_path / "a.h5", (tables["jets"], tables["constituents"]))
    with pytest.raises(EdgeoodError, match=rf"a\.h5: field '{field}' of '{table}' is of type {named}; write"):
        read_jets(path)


def test_more_processes_than_an_index_reaches_are_refused(tmp_path: Path) -> None:
    jets, constituents = plain_jets()
    jets = retyped(jets, process="i4")
    jets["process"] = 127
    names = [f"p{number}" for number in range(200)]
    good = write_plain(tmp_path / "a.h5", (jets, constituents), {"processes": names[:128]})
    assert set(read_jets(good).process_names) == {"p127"}
    bad = write_plain(tmp_path / "b.h5", (jets, constituents), {"processes": names})
    with pytest.raises(
        EdgeoodError, match=r"b\.h5: the attribute 'processes' names 200 processes, more than 128"
    ):
        read_jets(bad)
    other = write_plain(tmp_path / "c.h5", (jets, constituents), {"processes": names[64:192]})
    with pytest.raises(EdgeoodError, match="together name 192 processes, more than 128"):
        read_jets([good, other])


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.zeros(0), "is empty"), ([1.5], "holds 1.5, which is no name"), (3, "holds 3, which is no name")],
)
def test_names_of_processes_are_text(value: Any, message: str, tmp_path: Path) -> None:
    jets, constituents = plain_jets()
    path = write_plain(tmp_path / "a.h5", (retyped(jets, process="i1"), constituents), {"processes": value})
    with pytest.raises(EdgeoodError, match=f"the attribute 'processes' {message}"):
        read_jets(path)
