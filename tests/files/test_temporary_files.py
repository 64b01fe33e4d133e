"""Files and folders change whole or not at all, wherever a process is killed, and leftovers are swept."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgeood.files.atomic import atomic_path, write_text
from edgeood.files.recovery import recover, recover_target
from edgeood.files.system_errors import as_system_errors
from edgeood.files.temporary import living, name_beside
from edgeood.files.together import replace_together

KILLED = """
import os, signal, sys
from pathlib import Path
from edgeood.files.atomic import atomic_path
from edgeood.files.together import replace_together

folder, work, at, after = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "after"
seen = 0

def killing(real):
    def rename(*arguments, **options):
        global seen
        seen += 1
        if seen == at and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*arguments, **options)
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
    return rename

os.rename, os.replace = killing(os.rename), killing(os.replace)
if work == "folder":
    with atomic_path(folder / "project") as new:
        new.mkdir()
        (new / "a").write_text("new")
        (new / "b").write_text("new")
else:
    with replace_together(folder, last="record.json") as new:
        (new / "project").mkdir()
        (new / "project" / "a").write_text("new")
        for name in ("file", "record.json"):
            (new / name).write_text("new")
print("done")
"""


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def kill(folder: Path, work: str, at: int, when: str) -> bool:
    """Whether the process came to its end."""
    command = [sys.executable, "-c", KILLED, str(folder), work, str(at), when]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout == "done\n"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("work", "old", "new", "renames"),
    [
        ("folder", {"project/a": "old", "project/c": "old"}, {"project/a": "new", "project/b": "new"}, 2),
        (
            "together",
            {"project/a": "old", "project/c": "old", "file": "old", "record.json": "old", "other": "old"},
            {"project/a": "new", "file": "new", "record.json": "new", "other": "old"},
            5,
        ),
    ],
)
def test_killed_at_any_rename_the_old_or_the_new_stands_whole(work, old, new, renames, when, tmp_path):
    for at in range(1, renames + 2):
        folder = tmp_path / str(at)
        for name, text in old.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        if kill(folder, work, at, when):
            assert at == renames + 1
            assert content(folder) == new
        else:
            recover(folder)
            assert content(folder) in (old, new)
        assert not list(folder.glob(".*"))


def test_an_error_at_any_rename_brings_the_old_back(tmp_path, monkeypatch):
    for at in range(1, 7):
        folder = tmp_path / str(at)
        (folder / "project").mkdir(parents=True)
        old = {"project/a": "old", "file": "old", "record.json": "old"}
        for name, text in old.items():
            (folder / name).write_text(text)
        seen = 0

        def failing(source, target, real=os.rename, at=at):
            nonlocal seen
            seen += 1
            if seen == at:
                raise KeyboardInterrupt
            real(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", failing)
            try:
                with replace_together(folder, last="record.json") as new:
                    (new / "project").mkdir()
                    for name in old:
                        (new / name).write_text("new")
            except KeyboardInterrupt:
                assert content(folder) == old
            else:
                assert at == 6
                assert set(content(folder).values()) == {"new"}
        assert not list(folder.glob(".*"))


def dead_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_leftovers_of_the_dead_are_swept_and_those_of_the_living_are_not(tmp_path):
    own = name_beside(tmp_path / "a.txt")
    machine, number = own.name.split("edgeood-")[1].split(".")[0].rsplit("-", 1)
    assert int(number) == os.getpid()
    dead, alive = dead_process(), os.getppid()
    names = {
        f".a.edgeood-{machine}-{dead}.part.txt": False,
        f".b.edgeood-{machine}-{alive}.part.txt": True,
        f".c.edgeood-00000000-{dead}.part.h5": True,  # of another machine, and young
        f".d.{dead}.part.h5": False,  # of release 0.1
        f".e.{alive}.part.h5": True,
        ".bashrc.1.old": True,
        ".f.part": True,
        own.name: False,  # of an earlier process with our number
    }
    for name in names:
        (tmp_path / name).touch()
    aged = tmp_path / f".g.edgeood-00000000-{alive}.part"
    aged.mkdir()
    os.utime(aged, (0, time.time() - 2 * 86400))
    aside = tmp_path / f".project.edgeood-{machine}-{dead}.old"
    aside.mkdir()
    ours = tmp_path / name_beside(tmp_path / "busy").name
    ours.touch()
    with living(ours):
        recover(tmp_path)
        left = {path.name for path in tmp_path.iterdir()}
    assert left == {name for name, stays in names.items() if stays} | {"project", ours.name}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="zombies are told from the living by /proc")
def test_what_a_zombie_left_is_swept(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not taken note of
    machine = name_beside(tmp_path / "a").name.split("edgeood-")[1].split("-")[0]
    (tmp_path / f".a.edgeood-{machine}-{child.pid}.part").touch()
    recover(tmp_path)
    assert not list(tmp_path.iterdir())
    child.wait()


def test_in_a_foreign_folder_only_leftovers_of_the_same_file_are_swept(tmp_path):
    machine = name_beside(tmp_path / "a").name.split("edgeood-")[1].split("-")[0]
    dead = dead_process()
    mine, other = (tmp_path / f".{name}.edgeood-{machine}-{dead}.part.h5" for name in ("mine", "other"))
    mine.touch()
    other.touch()
    recover_target(tmp_path / "mine.h5")
    assert [path.name for path in tmp_path.iterdir()] == [other.name]


def test_a_failed_write_leaves_no_folder_above_it(tmp_path):
    def fail() -> None:
        with atomic_path(tmp_path / "a" / "b" / "file") as temporary:
            temporary.touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())


def test_a_file_keeps_its_permissions(tmp_path):
    file = tmp_path / "private"
    write_text(file, "old")
    file.chmod(0o600)
    write_text(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(
            "Can't decrement id ref count (file write failed: errno = 28, error message = 'No space')"
        ),
        ValueError("I/O error: No space left on device (os error 28)"),
        OSError(28, "No space left on device"),
    ],
)
def test_a_full_disk_is_one_whoever_tells_it(error, tmp_path):
    with (
        pytest.raises(OSError, match="No space left") as caught,
        as_system_errors(tmp_path / "x", tmp_path / "y"),
    ):
        raise error
    assert (caught.value.errno, caught.value.filename) == (28, str(tmp_path / "x"))


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(KeyError), as_system_errors(tmp_path / "x", tmp_path / "y"):
        raise KeyError(28)
