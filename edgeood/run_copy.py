"""A copy of a run to write to, where the run itself is to stay as it is."""

import shutil
from pathlib import Path

from edgeood.errors import EdgeoodError
from edgeood.files.atomic import atomic_path
from edgeood.files.output import check_writable, output_folder
from edgeood.run import Run

_LEFT = ("checkpoints", "evaluation", "verify.json")
"""What was made of the run, or for making it."""


def own_run(run: Path, out: Path | None) -> Run:
    """The run of a folder or a name, or, if ``out`` is given, its copy there, made if it is not there yet.

    A copy has the run's files and exports, with the user's own permissions. Raises :class:`EdgeoodError` if ``out``
    holds anything else, the copy of another run for example.
    """
    source = Run.open(run)
    if out is None:
        return source
    target = output_folder(out)
    check_writable(target)
    if (target / "run.json").is_file():
        copy = Run.open(target)
        if copy.recorded_sha256(copy.network_file.name) != source.recorded_sha256(source.network_file.name):
            raise EdgeoodError(f"{target} holds another run than {source.path}; choose another -o.")
        return copy
    if target.is_dir() and any(target.iterdir()):
        raise EdgeoodError(f"{target} is not empty and holds no run; choose another -o.")
    with atomic_path(target) as temporary:
        _copy(source.path, temporary)
    return Run.open(target)


def _copy(source: Path, target: Path) -> None:
    target.mkdir()
    for one in sorted(source.iterdir()):
        if one.name.startswith(".") or one.name in _LEFT:
            continue
        # Permissions stay behind: the package's own may allow nothing to be written.
        if one.is_dir():
            _copy(one, target / one.name)
        else:
            shutil.copyfile(one, target / one.name)
