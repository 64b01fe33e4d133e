"""Only one process works in a folder, and nobody has to tidy up after one that was killed."""

import errno
import fcntl
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quantized_runs import make_run

import edgeood
from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.files.locks import locked

HOLDS = """
import sys, time
from pathlib import Path
from edgeood.files.locks import locked
with locked(Path(sys.argv[1]), "training"):
    print("locked", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "locked\n"
    return process


def test_a_second_one_is_refused_until_the_first_is_gone_even_killed(tmp_path):
    folder = tmp_path / "run"
    with holder(folder) as process:
        with (
            pytest.raises(EdgeoodError, match=r"another training is writing to .*; wait for it"),
            locked(folder, "training"),
        ):
            pass
        process.send_signal(signal.SIGKILL)
    with locked(folder, "training"):
        assert not list(folder.iterdir()), "the lock is no file"
    assert folder.is_dir()


def test_a_folder_that_was_made_for_work_that_fails_is_gone(tmp_path):
    def fail() -> None:
        with locked(tmp_path / "a" / "b", "work"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("everything", [False, True])
def test_where_folders_cannot_be_locked_a_file_is_or_nothing(everything, tmp_path, monkeypatch):
    real = fcntl.flock

    def flock(number: int, operation: int) -> None:
        import os
        import stat

        if everything or stat.S_ISDIR(os.fstat(number).st_mode):
            raise OSError(errno.EBADF, "as on NFS")
        real(number, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(tmp_path, "work"):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
        if not everything:
            with pytest.raises(EdgeoodError, match="another work"), locked(tmp_path, "work"):
                pass


def test_two_trainings_searches_and_exports_do_not_mix(tmp_path, toy_jet_file):
    run = make_run(tmp_path / "run")
    verbs = {
        tmp_path / "new": lambda folder: edgeood.train(
            "cnn-trigger", folder, jets=[toy_jet_file], progress=False
        ),
        run.export_folder("max_logit"): lambda folder: to(run, "onnx", score="max_logit"),
    }
    for folder, verb in verbs.items():
        folder.mkdir(parents=True)
        with locked(folder, "test"):
            start = time.monotonic()
            with pytest.raises(EdgeoodError, match=r"another (training|export) is writing to"):
                verb(folder)
            assert time.monotonic() - start < 20
        assert not list(folder.iterdir())
