"""Verification finds no mismatch where there is none, and one flipped bit where there is one."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import jet_file, make_run, quantized_run, random_images

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.record import exported, read_record
from edgeood.fixed_point import FixedPoint
from edgeood.run import Run
from edgeood.runtime.csim import CSim, compile_project
from edgeood.runtime.network import open_network
from edgeood.runtime.parity.comparison import mismatches
from edgeood.runtime.parity.corners import corner_inputs
from edgeood.runtime.verify import print_report, verify

SCORES = ("max_logit", "mahalanobis_diagonal")


def test_one_flipped_bit_of_one_score_is_found() -> None:
    step = 2.0**-9
    integers = np.random.default_rng(0).integers(-(2**24), 2**24, 1000)
    scores = integers * step
    assert mismatches(scores, scores.copy(), step).size == 0
    for bit in range(24):
        flipped = integers.copy()
        flipped[bit * 7] ^= 1 << bit
        np.testing.assert_array_equal(mismatches(scores, flipped * step, step), [bit * 7])


def test_any_difference_of_doubles_counts() -> None:
    scores = np.array([1.0, -0.0, 0.25, 3.0])
    off_grid = scores.copy()
    off_grid[3] = np.nextafter(3.0, 4.0)
    np.testing.assert_array_equal(mismatches(scores, off_grid, 0.25), [3])
    # Not a number of steps in either engine: not a firmware score, although they agree.
    np.testing.assert_array_equal(mismatches(off_grid, off_grid, 0.25), [3])
    np.testing.assert_array_equal(mismatches(scores, np.array([1.0, 0.0, 0.25, np.nan]), 0.25), [3])
    with pytest.raises(ValueError, match="cannot compare"):
        mismatches(scores, scores[:2], 0.25)


@pytest.mark.parametrize("input_type", [FixedPoint(8, 0, False), FixedPoint(6, 1)])
def test_corner_inputs_reach_every_corner(input_type: FixedPoint) -> None:
    images = corner_inputs((1, 12, 12), input_type)
    assert images.dtype == np.float32
    assert images.max() == 1e6
    assert images.min() == -1e6
    flat = images.reshape(len(images), -1)
    assert (flat == 0).all(1).any()
    assert (flat == np.float32(input_type.high)).all(1).any()
    assert ((np.abs(flat) > 0) & (np.abs(flat) < 1e-38)).any()  # subnormal
    steps = flat / input_type.step
    assert (np.abs(steps - np.rint(steps)) == 0.5).sum() > 1000  # ties


@pytest.mark.firmware
@pytest.mark.slow
def test_all_engines_agree_and_a_flipped_weight_is_caught(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run", seed=3)
    for score in SCORES:
        for target in ("onnx", "vitis"):
            to(run, target, score=score)
    report = verify(run, jet_file())
    assert report["mismatches"] == 0
    assert report["jets"] == 100
    assert set(report["scores"]) == set(SCORES)
    assert report["scores"]["max_logit"]["mismatches"] == {
        "network=onnxruntime": 0,
        "network=csim": 0,
        "onnxruntime=csim": 0,
    }
    assert all(rate > 0 for rate in report["throughput_jets_per_s"].values())
    assert json.loads((run.path / "verify.json").read_text()) == report

    # The lowest bit of one weight of the first layer of the exported project.
    copy = Run.open(shutil.copytree(run.path, tmp_path / "copy"))
    weights = exported(copy, "max_logit", "vitis") / "firmware" / "weights"
    header = min(weights.glob("w*.h"), key=lambda file: int(re.findall(r"\d+", file.name)[0]))
    text = header.read_text()
    value = re.search(r"\{(-?[\d.]+)", text)
    assert value
    flipped = round(float(value[1]) * 32) ^ 1
    header.write_text(text[: value.start(1)] + f"{flipped / 32:.5f}" + text[value.end(1) :])
    with pytest.raises(
        EdgeoodError, match=r"w\d+\.h is not the file that was recorded with it; run `edgeood export"
    ):
        verify(copy, jet_file(), scores=["max_logit"])
    project = copy.export_folder("max_logit") / "vitis"
    about = read_record(copy, "max_logit")
    inputs = random_images(50, 16)
    scores = CSim(compile_project(project, about["artefacts"]["vitis"]["project"], tmp_path), "tiny_twin_1")(
        inputs
    )
    expected = open_network(copy, "max_logit")(inputs)
    assert len(mismatches(expected, scores, about["step"])) > 0
    print_report(report)
    assert "network = csim" in capsys.readouterr().out


def test_verification_needs_two_engines_and_exports(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", seed=5)
    with pytest.raises(EdgeoodError, match="name two engines"):
        verify(run, jet_file(), engines=["network"])
    with pytest.raises(EdgeoodError, match="no onnx export of 'mahalanobis_diagonal'; run `edgeood export"):
        verify(run, jet_file())
    with pytest.raises(EdgeoodError, match="did you mean 'network'"):
        verify(run, jet_file(), engines=["netwrok", "onnxruntime"])


def test_network_and_onnxruntime_agree_on_jets() -> None:
    run = quantized_run()
    for score in SCORES:
        to(run, "onnx", score=score)
    report = verify(run, jet_file(), engines=("network", "onnxruntime"), scores=SCORES)
    assert report["mismatches"] == 0
    assert report["corner_inputs"] > 100
