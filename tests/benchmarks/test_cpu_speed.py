"""The benchmark of bit-exact scoring: its jets, its runs, its rates, its report."""

import time
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import DATA, TINY

from benchmarks.cpu_speed.jets import first_jets, made_up_jets
from benchmarks.cpu_speed.networks import random_run
from benchmarks.cpu_speed.report import as_markdown
from benchmarks.cpu_speed.timing import Row, jets_per_second
from edgeood.errors import EdgeoodError
from edgeood.inputs import inputs_of
from edgeood.jets.format import write_jets
from edgeood.recipe import Images, Quantization, Recipe, TriggerCandidates
from edgeood.runtime.cpu import open_cpu
from edgeood.runtime.network import open_network


def test_made_up_jets_fill_images_and_candidates_as_jets_do() -> None:
    jets = made_up_jets(1000)
    size = jets.constituents["valid"].sum(axis=1)
    np.testing.assert_array_equal(size, jets.jets["n_constituents"])
    assert abs(size.mean() - 53) < 3
    np.testing.assert_allclose(jets.constituents["pt"].sum(axis=1), 600, rtol=1e-5)
    assert (np.diff(jets.constituents["pt"], axis=1) <= 0).all()
    images = inputs_of(jets, Images(pixels=50).model_dump())
    assert 0.008 < (images > 0).mean() < 0.03
    candidates = inputs_of(jets, TriggerCandidates(constituents=16).model_dump())
    assert 0.9 < (candidates[..., 0] > 0).mean() <= 1


def test_jets_are_read_across_files_up_to_the_number_asked_for(tmp_path: Path) -> None:
    jets = made_up_jets(50)
    for name, rows in (("a.h5", slice(0, 30)), ("b.h5", slice(30, 50))):
        part = type(jets)(jets.jets[rows], jets.constituents[rows], jets.processes)
        write_jets(tmp_path / name, part, {})
    read = first_jets([tmp_path], 40)
    np.testing.assert_allclose(read.jets["eta"], jets.jets["eta"][:40])
    assert len(read.constituents) == 40
    with pytest.raises(EdgeoodError, match="hold 50 jets, fewer than 60; say --jets 50"):
        first_jets([tmp_path], 60)


@pytest.mark.firmware
def test_a_random_run_is_scored(tmp_path: Path) -> None:
    recipe = Recipe(
        name="tiny",
        data=DATA,
        inputs=Images(pixels=16, intensity="sqrt"),
        network=TINY,
        quantization=Quantization(),
    )
    images = inputs_of(made_up_jets(300), recipe.inputs.model_dump())
    run = random_run(recipe, images, tmp_path / "run")
    scores = open_cpu(run, "max_logit")(images)
    assert len(np.unique(scores)) > 100
    np.testing.assert_array_equal(scores, open_network(run, "max_logit")(images))


def test_a_rate_is_jets_by_processor_time() -> None:
    def busy(jets: np.ndarray) -> np.ndarray:
        begin = time.process_time()
        while time.process_time() - begin < 0.01:
            pass
        return jets

    assert 3000 < jets_per_second(busy, np.zeros(50), 2) <= 5000


def test_the_report_shows_ratios_and_mismatches() -> None:
    row = Row(
        "net", "max_logit", "made up", 0.01, 600.0, 90_000.0, 700_000.0, 700_000 / 600, 20_000, 2_000, 3
    )
    on = {"cpu": "a CPU", "compiler": "g++ 12", "onnxruntime": "1", "rounds": "5"}
    text = as_markdown([row], on)
    assert "| net | max_logit | made up | 600 | 90,000 | 700,000 | **1,167×** | 3 |" in text
    assert "the first 2,000 by C-simulation" in text
