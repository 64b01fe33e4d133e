"""Mutations of a file in a folder: gone, exchanged, no file at all, far too large, damaged, or edited by its sort."""

import json
import os
import random
import shutil
import struct
from pathlib import Path

from benchmarks.hardness.mutations.archives import archive_mutated
from benchmarks.hardness.mutations.damage import damaged
from benchmarks.hardness.mutations.plain_values import mutated

_LARGE = 10**7
_DEEP = "[" * 50_000
_ODD_JSON = (
    *(
        "",
        " ",
        "null",
        "[]",
        "{}",
        "0",
        '"x"',
        "{",
        '{"format": "edgeood-run"}',
        "NaN",
        _DEEP,
        "1" * 5000,
        '{"a": 1e999}',
    ),
    *(
        '{"format": "edgeood-run", "version": 1}',
        "\ufeff{}",
        '{"version": 1, "version": 2}',
        '{"\\ud800": 1}',
    ),
)


def file_mutated(file: Path, others: list[Path], rng: random.Random) -> str:
    """Change one file in place; ``others`` of the same name may take its place. Returns what was done, in words."""
    sort = rng.choice(("edited",) * 6 + ("damaged",) * 4 + ("exchanged", "gone", "no file", "large"))
    if not file.is_file():
        return f"{file.name} left as it is"
    if sort == "gone":
        file.unlink()
        return f"{file.name} is gone"
    if sort == "exchanged" and others:
        shutil.copyfile(rng.choice(others), file)
        return f"{file.name} is that of another"
    if sort == "large":
        # Sparse: it costs nothing until it is read.
        with file.open("r+b") as open_file:
            open_file.truncate(rng.choice((7 * 10**7, 3 * 10**8)))
        return f"{file.name} is far too large"
    if sort == "no file":
        return _no_file(file, rng)
    if file.stat().st_size > _LARGE:
        return f"{file.name} left as it is"
    content = file.read_bytes()
    if sort == "damaged":
        changed, told = damaged(content, rng)
        file.write_bytes(changed)
        return f"{file.name}: {told}"
    if file.suffix == ".json":
        text, told = json_mutated(content, rng)
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        return f"{file.name}: {told}"
    if file.suffix == ".npz":
        changed, told = archive_mutated(content, rng)
    elif file.suffix == ".safetensors":
        changed, told = tensors_mutated(content, rng)
    else:
        changed, told = damaged(content, rng)
    file.write_bytes(changed)
    return f"{file.name}: {told}"


def json_mutated(content: bytes, rng: random.Random) -> tuple[str, str]:
    """JSON with one value changed, or none at all."""
    if rng.random() < 0.1:
        text = rng.choice(_ODD_JSON)
        return text, f"all of it is {text[:40]!r}"
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        return "{}", "all of it is '{}'"
    changed, told = mutated(plain, rng)
    return json.dumps(changed, indent=rng.choice((None, 1))), told


def tensors_mutated(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Weights with another header, or other numbers behind it."""
    length = int.from_bytes(content[:8], "little")
    if length > len(content) or rng.random() < 0.2:
        told = rng.choice((0, 1, 2**31, 2**40, 2**63, 2**64 - 1))
        return told.to_bytes(8, "little") + content[8:], f"a header of {told} bytes"
    try:
        header = json.loads(content[8 : 8 + length])
    except ValueError:
        return content[: len(content) // 2], "half of it is missing"
    if rng.random() < 0.6:
        header, told_in_words = mutated(header, rng)
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + length :], f"header: {told_in_words}"
    data = bytearray(content)
    place = rng.randrange(8 + length, len(data) - 4) if len(data) > 12 + length else 0
    data[place : place + 4] = struct.pack("<f", rng.choice((float("nan"), 1e30, 0.0, -1.0)))
    return bytes(data), "another weight"


def _no_file(file: Path, rng: random.Random) -> str:
    sort = rng.choice(
        ("a folder", "a link to itself", "a link to nowhere", "a named pipe", "empty", "a link")
    )
    if sort == "a link":
        # The same bytes: nothing is wrong.
        moved = file.with_name(f"real-{file.name}")
        file.rename(moved)
        file.symlink_to(moved.name)
        return f"{file.name} is a link to the same"
    file.unlink()
    if sort == "a folder":
        file.mkdir()
    elif sort == "a link to itself":
        file.symlink_to(file.name)
    elif sort == "a link to nowhere":
        file.symlink_to("nowhere")
    elif sort == "a named pipe":
        os.mkfifo(file)
    else:
        file.touch()
    return f"{file.name} is {sort}"
