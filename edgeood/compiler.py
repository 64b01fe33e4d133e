"""g++: found with one sentence where it is missing; what it has compiled is kept, named by all that it was made of."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import atomic_path, write_text


def find_compiler(purpose: str) -> str:
    """Path of g++. Raises :class:`EdgeoodError`, in a sentence that begins with the ``purpose``, if it is missing."""
    compiler = shutil.which("g++")
    if compiler is None:
        raise EdgeoodError(f"{purpose} needs g++, which is not on PATH; install it (e.g. `apt install g++`).")
    return compiler


def version_of(compiler: str) -> bytes:
    """What a compiler says of itself. Raises :class:`EdgeoodError` if it does not run."""
    done = subprocess.run([compiler, "--version"], capture_output=True)
    if done.returncode:
        raise EdgeoodError(f"{compiler} --version ends with {done.returncode}; install g++ again.")
    return done.stdout


def library_name(stem: str, *parts: str | bytes) -> str:
    """File name of a shared library, with a hash of its compiler, flags and sources (the ``parts``)."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return f"{stem}-{digest.hexdigest()[:32]}.so"


def compile_library(
    library: Path, command: Sequence[str], what: Path, *, source: str = "", folder: Path | None = None
) -> Path:
    """Run a compiler's ``command`` (all but ``-o``) unless the ``library`` is there already; returns its path.

    ``source`` is its standard input and ``folder`` where it runs. Raises :class:`EdgeoodError` naming ``what`` could
    not be compiled and the log beside the library, which holds what the compiler said.
    """
    if library.is_file():
        return library
    with atomic_path(library) as temporary:
        done = subprocess.run(
            [*command, "-o", str(temporary.resolve())],
            input=source,
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            log = library.with_suffix(".log")
            write_text(log, done.stderr)
            raise EdgeoodError(f"g++ could not compile {what}; see {log}.")
    return library
