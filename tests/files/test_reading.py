"""Damaged, foreign and malicious files are one sentence, before memory is taken."""

import contextlib
import io
import json
import os
import pickle
import resource
import zipfile

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.files.reading import read_arrays, read_json


def test_arrays_come_back(tmp_path):
    arrays = {"a/b": np.arange(6.0).reshape(2, 3), "c": np.array(3), "d": np.zeros((0, 4), np.float32)}
    for name, save in (("plain", np.savez), ("small", np.savez_compressed)):
        save(tmp_path / f"{name}.npz", **arrays)
        read = read_arrays(tmp_path / f"{name}.npz", "mend it.")
        assert set(read) == set(arrays)
        for key, value in arrays.items():
            np.testing.assert_array_equal(read[key], value)
            assert read[key].dtype == value.dtype


def entry(shape: str, content: bytes = b"", dtype: str = "<f8") -> bytes:
    """A ``.npy`` file whose header says what it likes."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + content


def archive(tmp_path, content: bytes, compression: int = zipfile.ZIP_STORED):
    path = tmp_path / "scores.npz"
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("a.npy", content)
    return path


def pickled() -> bytes:
    content = io.BytesIO()
    np.save(content, np.array([{}], object), allow_pickle=True)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no array",
        entry("(3,)"),
        entry("(10**15,)"),
        entry("(1000000000000,)", bytes(80)),
        entry("(-1,)", bytes(8)),
        entry("(2,)", bytes(15)),
        entry("'x'", bytes(8)),
        # Python itself wrote headers that its tokenizer reads, once.
        entry("(3,"),
        entry("(1000000000000,)", b"", "|V0"),
        pickled(),
        entry("(1,)", pickle.dumps(print), "|O"),
    ],
)
def test_arrays_that_promise_too_much_are_refused(content, tmp_path):
    path = archive(tmp_path, content)
    with pytest.raises(
        EdgeoodError, match=r"scores\.npz is damaged or no archive of arrays \(.*\); mend it\."
    ):
        read_arrays(path, "mend it.")


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    size = 300_000_000
    path = archive(tmp_path, entry(f"({size},)", bytes(size), "|u1"), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(EdgeoodError, match=r"would unpack to 300,000,\d+ bytes, which no file of ours does"):
        read_arrays(path, "mend it.")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_every_truncation_and_every_flipped_bit_is_a_sentence(tmp_path):
    path = tmp_path / "scores.npz"
    np.savez(path, a=np.arange(20.0), b=np.array(1))
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(EdgeoodError):
            read_arrays(path, "mend it.")
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with contextlib.suppress(EdgeoodError):
            read_arrays(path, "mend it.")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not readable JSON"),
        (b'{"a": 1', "is not readable JSON"),
        (b"\xff\xfe", "is not readable JSON"),
        (b"[" * 100_000, "is not readable JSON"),
        (b"[1]", "does not hold a JSON object"),
        (b"null", "does not hold a JSON object"),
        (b'{"b": 1}', "lacks the key 'a'"),
    ],
)
def test_damaged_json_is_one_sentence(content, sentence, tmp_path):
    path = tmp_path / "score.json"
    path.write_bytes(content)
    with pytest.raises(EdgeoodError, match=rf"score\.json {sentence}.*; mend it\."):
        read_json(path, "mend it.", ("a",))


def test_missing_json_and_folders_are_one_sentence(tmp_path):
    for path in (tmp_path, tmp_path / "missing.json"):
        with pytest.raises(EdgeoodError, match=r"cannot be read \(.*\); mend it\."):
            read_json(path, "mend it.")
    (tmp_path / "good.json").write_text(json.dumps({"a": 1}))
    assert read_json(tmp_path / "good.json", "mend it.", ("a",)) == {"a": 1}


@pytest.mark.parametrize("read", [read_json, read_arrays])
def test_a_named_pipe_is_not_waited_for(read, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EdgeoodError, match=r"pipe cannot be read \(it is no ordinary file\); mend it\."):
        read(tmp_path / "pipe", "mend it.")
