"""The emulator as an engine: the scores of C-simulation, loaded afresh after every export."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import quantized_run, random_images

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.emulator.build import write_emulator
from edgeood.export.record import read_record
from edgeood.runtime.csim import open_csim
from edgeood.runtime.emulator import Emulator
from edgeood.runtime.network import open_network

pytestmark = pytest.mark.firmware

SCORE = "mahalanobis_diagonal"


def emulator_of(folder: Path, **settings) -> Path:
    run = quantized_run(**settings)
    about = (to(run, "vitis", score=SCORE), read_record(run, SCORE))
    return folder / write_emulator(*about, 1, folder)["library"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emulator_of(tmp_path_factory.mktemp("emulator") / "emulator")


def test_engine_equals_c_simulation_and_reports_progress(library: Path) -> None:
    images = random_images(300, 16)
    done: list[int] = []
    about = read_record(quantized_run(), SCORE)
    engine = Emulator(library, "tiny_twin_1_v1", threshold=about["threshold"], progress=done.append)
    scores = engine(images)
    np.testing.assert_array_equal(scores, open_csim(quantized_run(), SCORE, workers=1)(images))
    assert scores.dtype == np.float64
    assert np.unique(scores).size > 200
    assert (engine.name, engine.step) == ("emulator", about["step"])
    selected = scores > engine.threshold
    np.testing.assert_array_equal(selected, np.rint(scores / engine.step) > about["threshold_integer"])
    assert selected.any()
    assert not selected.all()
    assert done == [256, 44]
    assert engine(images[:0]).shape == (0,)


def test_any_layout_of_the_same_numbers(library: Path) -> None:
    engine = Emulator(library, "tiny_twin_1_v1")
    images = random_images(9, 16)
    expected = engine(images)
    np.testing.assert_array_equal(engine(images.astype(np.float64)), expected)
    np.testing.assert_array_equal(engine(np.asfortranarray(images)), expected)
    np.testing.assert_array_equal(engine(images.reshape(9, 256)), expected)


def test_a_replaced_library_is_read_again(library: Path, tmp_path: Path) -> None:
    path = shutil.copy(library, tmp_path / "here.so")
    images = random_images(20, 16)
    before = Emulator(path, "tiny_twin_1_v1")
    expected = before(images)
    other = emulator_of(tmp_path / "other", seed=2)
    shutil.move(other, path)
    after = Emulator(path, "tiny_twin_1_v1")(images)
    np.testing.assert_array_equal(after, open_network(quantized_run(seed=2), SCORE)(images))
    assert (after != expected).any()
    np.testing.assert_array_equal(before(images), expected)


def test_wrong_inputs_and_wrong_libraries_are_told(library: Path, tmp_path: Path) -> None:
    with pytest.raises(
        EdgeoodError, match=r"takes 256 numbers a jet, not 225; give it the inputs of its run"
    ):
        Emulator(library, "tiny_twin_1_v1")(random_images(2, 15))
    with pytest.raises(EdgeoodError, match=r"is no emulator of 'tiny_twin_1_v2' \(.*export it again"):
        Emulator(library, "tiny_twin_1_v2")
    with pytest.raises(EdgeoodError, match=r"missing.so is no emulator of 'x'"):
        Emulator(tmp_path / "missing.so", "x")
    (tmp_path / "broken.so").write_bytes(b"no library")
    with pytest.raises(EdgeoodError, match=r"broken.so is no emulator of 'x'"):
        Emulator(tmp_path / "broken.so", "x")
