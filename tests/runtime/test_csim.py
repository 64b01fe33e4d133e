"""C-simulation: compiled once, split over processes, clear when g++ is missing."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import make_run, quantized_run, random_images

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.record import read_record
from edgeood.files.cache import cache_folder
from edgeood.runtime.csim import CSim, compile_project, open_csim
from edgeood.runtime.csim_worker import simulate

pytestmark = pytest.mark.firmware


@pytest.fixture(scope="module")
def run():
    run = quantized_run()
    to(run, "vitis", score="max_logit")
    return run


def test_workers_do_not_change_scores_and_report_progress(run) -> None:
    images = random_images(150, 16)
    done: list[int] = []
    single = open_csim(run, "max_logit", workers=1)
    scores = single(images)
    np.testing.assert_array_equal(
        open_csim(run, "max_logit", workers=3, progress=done.append)(images), scores
    )
    assert sum(done) == 150
    here = simulate(single.library, f"{single.project}_double", images.reshape(150, -1))
    np.testing.assert_array_equal(here[:, 0], scores)
    assert single(images[:0]).shape == (0,)
    assert single.threshold == read_record(run, "max_logit")["threshold"]


def test_a_project_is_compiled_once(run) -> None:
    library = open_csim(run, "max_logit").library
    before = library.stat().st_mtime_ns
    assert open_csim(run, "max_logit").library == library
    assert library.stat().st_mtime_ns == before
    assert library.parent == cache_folder("csim")
    assert not (run.export_folder("max_logit") / "csim").exists()


def test_missing_compiler_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", seed=6)
    to(run, "vitis", score="max_logit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EdgeoodError, match=r"needs g\+\+, which is not on PATH; install it"):
        open_csim(run, "max_logit")


def test_failing_compilation_leaves_a_log_and_no_library(run, tmp_path: Path) -> None:
    name = read_record(run, "max_logit")["artefacts"]["vitis"]["project"]
    project = shutil.copytree(run.export_folder("max_logit") / "vitis", tmp_path / "vitis")
    (project / "firmware" / f"{name}.cpp").write_text("#error out of order\n")
    with pytest.raises(EdgeoodError, match=r"g\+\+ could not compile .*; see .*\.log"):
        compile_project(project, name, tmp_path / "cache")
    (log,) = (tmp_path / "cache").iterdir()
    assert log.suffix == ".log"
    assert "out of order" in log.read_text()


def test_a_dead_worker_is_an_error(tmp_path: Path) -> None:
    library = tmp_path / "broken.so"
    library.write_bytes(b"no library")
    with pytest.raises(EdgeoodError, match=r"ended early \(.*broken\.so.*\); delete that file"):
        CSim(library, "x", workers=1)(random_images(3, 8))
