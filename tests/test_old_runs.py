"""Run directories that release 0.1 wrote: they open, and everything in them means what it meant."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import edgeood
from edgeood.export.record import exported
from edgeood.inputs import inputs_of
from edgeood.jets.format import read_jets
from edgeood.run import Run
from edgeood.runtime import open_engine
from edgeood.scores.fused import FUSED_SCORES
from edgeood.scores.fused.network import fused_network

WRITTEN = Path(__file__).parent / "data" / "runs_0_1"
RUNS = ("float", "twin", "lite", "brevitas")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A copy, as engines and exports add to a run."""
    return shutil.copytree(WRITTEN, tmp_path_factory.mktemp("old") / "runs")


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    with np.load(WRITTEN / "expected.npz", allow_pickle=False) as content:
        return dict(content)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("score", FUSED_SCORES)
def test_an_old_run_scores_as_it_did(folder, expected, name, score):
    run = Run.open(folder / name)
    inputs = inputs_of(read_jets(folder / "few.h5"), run.manifest["recipe"]["inputs"])
    scores = open_engine(run, "network", score)(inputs)
    if run.quantized:
        np.testing.assert_array_equal(scores, expected[f"{name}/{score}"])
        np.testing.assert_array_equal(fused_network(run, score)(inputs), scores)
    else:
        np.testing.assert_allclose(scores, expected[f"{name}/{score}"], rtol=1e-4)


@pytest.mark.parametrize("score", FUSED_SCORES)
def test_its_exports_are_still_its_own(folder, expected, score):
    run = Run.open(folder / "twin")
    assert exported(run, score, "onnx").is_file()
    assert run.recipe.target.part == "xcku115-flvb2104-2-i"
    scores = edgeood.score(run, folder / "few.h5", score=score)
    np.testing.assert_array_equal(scores, expected[f"twin/{score}"])


def test_it_is_exported_anew_and_operated_otherwise(folder, expected):
    run = Run.open(folder / "brevitas")
    edgeood.export.to(run, "onnx", score="max_logit")
    scores = edgeood.score(run, folder / "few.h5", score="max_logit")
    np.testing.assert_array_equal(scores, expected["brevitas/max_logit"])


def test_keras_files_open_by_the_names_that_they_were_saved_under(folder):
    from edgeood.networks.quantized.qkeras.files import open_keras

    model = open_keras(folder / "lite" / "network.keras")
    assert {"edge0_maximum", "pool", "logits"} <= {layer.name for layer in model.layers}
