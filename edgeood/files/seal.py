"""Digests by which a record knows its own content and the files that it describes.

They find accidents: a file of another run, a half-copied folder, an edited number. They are no signature: whoever
can write a folder can write its digests as well.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.files.atomic import write_text
from edgeood.files.reading import check_ordinary

DIGEST = "digest"
SUMS = "SHA256SUMS"
"""List of a folder's files, as ``sha256sum --check`` reads it."""
_SOURCES = (".h", ".hpp", ".c", ".cpp")


def digest_of(content: Any) -> str:
    """SHA-256 of plain JSON, whatever its layout; the order of keys counts, as that of the classes does."""
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record, which must be plain JSON, with the digest of all else in it."""
    content = {key: value for key, value in record.items() if key != DIGEST}
    return {**content, DIGEST: digest_of(content)}


def check_seal(record: Mapping[str, Any], path: Path, remedy: str) -> None:
    """Raise :class:`EdgeoodError` if the record in ``path`` is not what was sealed; older ones have no seal."""
    if DIGEST in record and sealed(record)[DIGEST] != record[DIGEST]:
        raise EdgeoodError(f"{path} was changed after edgeood wrote it; {remedy}")


def check_file(path: Path, sha256: str | None, remedy: str) -> None:
    """Raise :class:`EdgeoodError` if a file is missing, no ordinary one, or has other bytes than those recorded.

    ``None``: no bytes were recorded.
    """
    check_ordinary(path, remedy)
    try:
        same = sha256 is None or sha256_of(path) == sha256
    except OSError as error:
        raise EdgeoodError(f"{path} cannot be read ({error.strerror}); {remedy}") from error
    if not same:
        raise EdgeoodError(f"{path} is not the file that was recorded with it; {remedy}")


def sum_up(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of the list of its files, which is written into it."""
    if not path.is_dir():
        return sha256_of(path)
    files = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    lines = [f"{sha256_of(path / file)}  {file}\n" for file in files if file != SUMS]
    write_text(path / SUMS, "".join(lines))
    return sha256_of(path / SUMS)


def check_artefact(path: Path, sha256: str | None, remedy: str) -> None:
    """:func:`check_file` for what :func:`sum_up` summed up; of a folder, every file listed and no source beside them.

    What a vendor's tool adds to a folder is not looked at.
    """
    if sha256 is None:
        return
    if not path.is_dir():
        check_file(path, sha256, remedy)
        return
    check_file(path / SUMS, sha256, remedy)
    listed = {}
    for line in (path / SUMS).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    for name, digest in listed.items():
        check_file(path / name, digest, remedy)
    for folder, _, names in os.walk(path / "firmware"):
        for name in names:
            source = Path(folder, name)
            if source.suffix in _SOURCES and source.relative_to(path).as_posix() not in listed:
                raise EdgeoodError(f"{source} does not belong to what was recorded with it; {remedy}")
