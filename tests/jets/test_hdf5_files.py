"""HDF5 files of any make: refused in a sentence before they cost memory, or read as fast as others."""

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from plain_files import plain_jets, retyped, write_plain

from edgeood.errors import EdgeoodError
from edgeood.jets.format import count_jets, iterate_jets, jet_files, read_attributes, read_jets
from edgeood.jets.hdf5 import probe
from edgeood.jets.hdf5.opening import data_set, open_hdf5
from edgeood.jets.hdf5.storage import LARGEST_CHUNK, chunk_cache
from edgeood.jets.hdf5.tables import BATCH_BYTES, open_tables

JETS, PARTS = plain_jets()


def with_tables(file: Any, **tables: Any) -> None:
    for name in ("jets", "constituents"):
        file[name] = tables.get(name, {"jets": JETS, "constituents": PARTS}[name])


def null_space(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        file["constituents"] = h5py.Empty(PARTS.dtype)


def scalar(path: Path) -> None:
    with h5py.File(path, "w") as file:
        with_tables(file, jets=JETS[0])


def two_dimensional(path: Path) -> None:
    with h5py.File(path, "w") as file:
        with_tables(file, jets=JETS[:, None])


def plain_numbers(path: Path) -> None:
    with h5py.File(path, "w") as file:
        with_tables(file, constituents=np.zeros((8, 12, 5)))


def group(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["constituents/pt"] = PARTS["pt"]
        file["jets"] = JETS


def no_numpy_type(path: Path) -> None:
    """A time: HDF5 has it, NumPy does not."""
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        space = h5py.h5s.create_simple((8, 12))
        h5py.h5d.create(file.id, b"constituents", h5py.h5t.UNIX_D32LE, space)


def external_link(path: Path) -> None:
    write_plain(path.with_name("elsewhere.h5"), (JETS, PARTS))
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        file["constituents"] = h5py.ExternalLink("elsewhere.h5", "/constituents")


def soft_link_out(path: Path) -> None:
    """A soft link through a group that lies in another file."""
    write_plain(path.with_name("elsewhere.h5"), (JETS, PARTS))
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        file["other"] = h5py.ExternalLink("elsewhere.h5", "/")
        file["constituents"] = h5py.SoftLink("/other/constituents")


def soft_link_to_itself(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        file["constituents"] = h5py.SoftLink("/constituents")


def dangling(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        file["constituents"] = h5py.SoftLink("/nothing")


def virtual(path: Path) -> None:
    write_plain(path.with_name("elsewhere.h5"), (JETS, PARTS))
    layout = h5py.VirtualLayout(PARTS.shape, PARTS.dtype)
    layout[:] = h5py.VirtualSource(path.with_name("elsewhere.h5"), "constituents", PARTS.shape)
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        file.create_virtual_dataset("constituents", layout)


def external_storage(path: Path) -> None:
    path.with_name("raw.bin").write_bytes(PARTS.tobytes())
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        file.create_dataset(
            "constituents",
            PARTS.shape,
            PARTS.dtype,
            external=[(str(path.with_name("raw.bin")), 0, h5py.h5f.UNLIMITED)],
        )


def wide(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        file.create_dataset("constituents", (8, 100_000), PARTS.dtype, chunks=(8, 1000), compression="gzip")


def long_rows(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["constituents"] = PARTS
        dtype = [*JETS.dtype.descr, ("image", "f4", (1100, 1100))]
        file.create_dataset("jets", (8,), dtype, chunks=(1,), compression="gzip")


def long_chunks(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("jets", (3_000_000,), JETS.dtype, chunks=(1000,), compression="gzip")
        file.create_dataset(
            "constituents", (3_000_000, 12), PARTS.dtype, chunks=(3_000_000, 12), compression="gzip"
        )


def unknown_filter(path: Path) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(PARTS.shape)
    properties.set_filter(32_001, h5py.h5z.FLAG_OPTIONAL, (2, 2, 1, 0, 5, 1, 1))
    with h5py.File(path, "w") as file:
        file["jets"] = JETS
        kind = h5py.h5t.py_create(PARTS.dtype, logical=True)
        h5py.h5d.create(file.id, b"constituents", kind, h5py.h5s.create_simple(PARTS.shape), properties)


def damaged_header(path: Path) -> None:
    """A checksum of metadata that is wrong: h5py says so with a KeyError."""
    with h5py.File(path, "w", libver="latest") as file:
        with_tables(file)
        address = h5py.h5o.get_info(file["constituents"].id).addr
    content = bytearray(path.read_bytes())
    content[address + 20] ^= 0xFF
    path.write_bytes(content)


def scores(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["score"] = np.zeros(3)
        file.attrs.update({"score": "max_logit", "engine": "onnxruntime", "threshold": 1.0})


def odd_format(path: Path) -> None:
    write_plain(path, (JETS, PARTS), {"format": [1, 2], "version": h5py.Empty("f4")})


FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "null data space": (null_space, "data set 'constituents' is a null data set"),
    "scalar": (scalar, r"'jets' has shape \(\) and 'constituents' \(8, 12\); write \(N,\) and \(N, P\)"),
    "two dimensions": (two_dimensional, r"'jets' has shape \(8, 1\)"),
    "plain numbers": (plain_numbers, "'constituents' lacks the field 'pt'; add it"),
    "group": (group, "has no data set 'constituents'"),
    "no type of NumPy's": (no_numpy_type, "damaged|No NumPy equivalent"),
    "external link": (external_link, r"'constituents' is a link into another file \(elsewhere\.h5\)"),
    "soft link out": (soft_link_out, r"is a link into another file \(elsewhere\.h5\)"),
    "soft link to itself": (soft_link_to_itself, "is a soft link to itself"),
    "dangling link": (dangling, "has no data set 'constituents'"),
    "virtual": (virtual, "'constituents' keeps its data in other files; copy them into one file"),
    "external storage": (external_storage, "'constituents' keeps its data in other files"),
    "wide": (wide, "'constituents' has 100000 entries for each jet, more than 4096; keep the leading ones"),
    "long rows": (long_rows, r"a row of 'jets' has 4,840,016 bytes, more than 4,194,304; leave out fields"),
    "long chunks": (long_chunks, r"'constituents' is stored in chunks of 612,000,000 bytes, more than"),
    "missing filter": (
        unknown_filter,
        r"is compressed with the HDF5 filter blosc \(32001\), which is not installed; `pip install hdf5plugin`",
    ),
    "damaged header": (damaged_header, "is damaged or cut short"),
    "scores": (scores, "holds scores, not jets; give the jet file"),
    "odd format": (odd_format, r"has format \[1 2\] version"),
}


@pytest.mark.parametrize("case", FILES)
def test_files_that_are_no_jets_are_told_in_a_sentence(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hdf5plugin", None)
    make, message = FILES[case]
    path = tmp_path / "file.h5"
    make(path)
    for read in (read_jets, count_jets, lambda file: list(iterate_jets(file, 3))):
        with pytest.raises(EdgeoodError, match=message) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", ["wide", "long rows", "long chunks"])
def test_bounds_come_before_memory(case: str, tmp_path: Path) -> None:
    FILES[case][0](tmp_path / "file.h5")
    tracemalloc.start()
    try:
        with pytest.raises(EdgeoodError):
            read_jets(tmp_path / "file.h5")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_links_within_the_file_are_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data/jets"], file["data/constituents"] = JETS, PARTS
        file["now"] = h5py.SoftLink("data")
        file["jets"] = h5py.SoftLink("now/jets")
        file["constituents"] = h5py.SoftLink("/now/constituents")
    assert len(read_jets(tmp_path / "a.h5")) == 8


@contextmanager
def kept_open(path: Path, mode: str) -> Iterator[None]:
    """Another process that has the file open for writing, as an acquisition or a production has."""
    code = (
        "import h5py, sys\n"
        "file = h5py.File(sys.argv[1], 'r+', libver='latest')\n"
        f"if {mode == 'swmr'}: file.swmr_mode = True\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "open\n"
        yield
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("locked", r"is locked by a program that writes it; wait .*HDF5_USE_FILE_LOCKING=FALSE"),
        ("swmr", r"is open for writing \(SWMR\), or its writer died; wait .*h5clear -s"),
    ],
)
def test_a_file_in_use_is_not_called_damaged(mode: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("jets", data=JETS, maxshape=(None,))
        file.create_dataset("constituents", data=PARTS, maxshape=(None, 12))
    with kept_open(path, mode), pytest.raises(EdgeoodError, match=rf"a\.h5 {message}"):
        read_jets(path)
    assert len(read_jets(path)) == 8


def test_fields_that_are_not_used_are_not_read(tmp_path: Path) -> None:
    jets = retyped(JETS, image=np.dtype(("f4", (300, 300))), name="S20")
    texts = np.zeros(PARTS.shape, [*PARTS.dtype.descr, ("text", h5py.string_dtype())])
    texts["text"] = "of no use"
    for name in PARTS.dtype.names or ():
        texts[name] = PARTS[name]
    path = write_plain(tmp_path / "a.h5", (jets, texts))
    with open_tables(path) as tables:
        assert tables._read(tables._jets, slice(0, 8), read_jets(path).jets.dtype).dtype.itemsize == 16
    np.testing.assert_array_equal(read_jets(path).constituents["pt"], PARTS["pt"])


def test_a_batch_is_bounded_in_bytes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("jets", (100_000,), JETS.dtype, chunks=(1000,), compression="gzip")
        file.create_dataset(
            "constituents", (100_000, 4096), PARTS.dtype, chunks=(16, 4096), compression="gzip"
        )
    with open_tables(tmp_path / "a.h5") as tables:
        rows = tables.rows_at_once(2048)
        assert rows * 4096 * 19 <= BATCH_BYTES < (rows + 1) * 4096 * 19
        assert tables.rows_at_once(100) == 100


def test_one_big_chunk_is_unpacked_once(tmp_path: Path) -> None:
    """Thirty thousand jets in one chunk: batches of 500 took a chunk each."""
    jets, parts = plain_jets(30_000, 40)
    seconds = {}
    for name, rows in (("small", 250), ("big", 30_000)):
        path = tmp_path / f"{name}.h5"
        with h5py.File(path, "w") as file:
            for table, values in (("jets", jets), ("constituents", parts)):
                chunks = (rows, *values.shape[1:])
                file.create_dataset(table, data=values, chunks=chunks, compression="gzip", compression_opts=1)
        start = time.process_time()
        read = np.concatenate([batch.constituents["pt"][:, 0] for batch in iterate_jets(path, 500)])
        seconds[name] = time.process_time() - start
        np.testing.assert_array_equal(read, parts["pt"][:, 0])
    # It took 20 times as long when each batch unpacked the chunk again.
    assert seconds["big"] < 3 * seconds["small"]


def test_the_chunk_cache_is_bounded(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        narrow = file.create_dataset("a", (1000, 100), "f4", chunks=(10, 30))
        tall = file.create_dataset("b", (2**20, 4096), "u1", chunks=(2**20, 1))
        plain = file.create_dataset("c", (10,), "f4")
        assert chunk_cache(narrow) == 10 * 120 * 4
        assert chunk_cache(tall) == LARGEST_CHUNK
        assert chunk_cache(plain) == 0


def test_attributes_of_others_do_not_matter(tmp_path: Path) -> None:
    path = write_plain(tmp_path / "a.h5", (JETS, PARTS), {"note": "{not JSON", "process": b"w"})
    with h5py.File(path, "a") as file:
        file.attrs["empty"] = h5py.Empty("f4")
    assert read_jets(path).processes == ("w",)
    assert read_attributes(path)["note"] == "{not JSON"


def test_scores_in_a_folder_are_no_jets(tmp_path: Path) -> None:
    scores(tmp_path / "scores.h5")
    with pytest.raises(EdgeoodError, match="holds no jet files"):
        read_jets(tmp_path)
    write_plain(tmp_path / "a.h5", (JETS, PARTS))
    assert jet_files(tmp_path) == [tmp_path / "a.h5"]
    assert len(read_jets(tmp_path)) == 8


def test_opening_names_a_data_set_that_is_absent(tmp_path: Path) -> None:
    path = write_plain(tmp_path / "a.h5", (JETS, PARTS))
    with open_hdf5(path) as file:
        assert data_set(path, file, "jets/pt") is None
        assert data_set(path, file, "table") is None


CRASHES = """#!{python}
import os, signal, sys
for name in sys.stdin.read().split(chr(0)):
    os.write(1, b".")
    if "crash" in name:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_that_the_library_does_not_survive_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / name for name in ("a.h5", "crash1.h5", "b.h5", "crash2.h5")]
    for file in files:
        write_plain(file, (JETS, PARTS))
    assert probe.crashing_files(files) == {}
    script = tmp_path / "crashes"
    script.write_text(CRASHES.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setattr(probe.sys, "executable", str(script))
    crashing = probe.crashing_files(files)
    assert list(crashing) == [files[1], files[3]]
    with pytest.raises(EdgeoodError, match=r"crash1\.h5 is damaged so that the HDF5 library crashes on it"):
        probe.refuse_crashing(files)


ENDLESS = """#!{python}
import os, sys
from edgeood.jets.hdf5 import probe
probe._MOST_SECONDS = 0
for name in sys.stdin.read().split(chr(0)):
    os.write(1, b".")
    probe._limit_time()
    while "endless" in name:
        pass
"""


def test_a_file_in_which_the_library_finds_no_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / name for name in ("a.h5", "endless.h5", "b.h5")]
    script = tmp_path / "endless"
    script.write_text(ENDLESS.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setattr(probe.sys, "executable", str(script))
    assert list(probe.crashing_files(files)) == [files[1]]
    with pytest.raises(
        EdgeoodError, match=r"endless\.h5 is damaged so that the HDF5 library finds no end in it"
    ):
        probe.refuse_crashing(files)


@pytest.mark.parametrize(
    ("field", "number"), [("pt", np.uint32(0x7FA00000)), ("energy", np.uint64(0x7FF4000000000000))]
)
def test_a_nan_that_signals_is_told_and_not_warned_of(field: str, number: Any, tmp_path: Path) -> None:
    parts = retyped(PARTS, **{field: f"f{number.itemsize}"})
    parts[field].view(number.dtype)[2, 0] = number
    with pytest.raises(EdgeoodError, match=rf"jet 2 has a constituent with {field} = nan; remove the jet"):
        read_jets(write_plain(tmp_path / "a.h5", (JETS, parts)))
