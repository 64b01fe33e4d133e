"""``train``: a run from toy jets, and the same run when it is killed on the way."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.inputs.images import images_of
from edgeood.jets.format import Jets
from edgeood.networks.build import outputs_of
from edgeood.networks.load import load_network
from edgeood.recipe import Recipe, parse_recipe
from edgeood.run import Run
from edgeood.scores import load_score
from edgeood.training.train import train

TINY = {
    "name": "tiny",
    "seed": 7,
    "data": {
        "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev", "z_1tev"]},
        "signals": {"top": ["top_1tev"]},
        "train": 0.6,
        "validation": 0.2,
    },
    "inputs": {"pixels": 16, "scale": 8},
    "network": {"kind": "cnn", "blocks": [{"filters": 4, "pool": 2}], "hidden": [16], "representation": 6},
    "objective": {"kind": "nurd", "strength": 0.1, "critic_hidden": [16]},
    "training": {"epochs": 6, "batch_size": 64, "schedule": [[0, 5e-3], [6, 1e-3]]},
    "score": {"background_efficiency": 0.1},
}


def tiny(**changes: object) -> Recipe:
    return parse_recipe(TINY | changes, "test")


def weights_digest(run: Path) -> str:
    return hashlib.sha256((run / "network.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def finished(tmp_path_factory, toy_jet_file) -> Run:
    return train(tiny(), tmp_path_factory.mktemp("runs") / "tiny", jets=[toy_jet_file], progress=False)


def accuracy(run: Run, jets: Jets) -> float:
    """Fraction of one- and two-prong jets that a run's network tells right."""
    outputs = outputs_of(load_network(run), images_of(jets, run.recipe.inputs.model_dump()))
    known = np.isin(jets.process_names, ["quark", "gluon"])
    two = np.isin(jets.process_names, ["w_1tev", "z_1tev"])
    return float(np.r_[outputs.logits[known].argmax(1) == 0, outputs.logits[two].argmax(1) == 1].mean())


def test_prongs_are_learnt_and_three_are_anomalous(finished, toy_jets):
    jets = toy_jets(200, seed=5)
    assert accuracy(finished, jets) > 0.9
    outputs = outputs_of(load_network(finished), images_of(jets, finished.recipe.inputs.model_dump()))
    known = np.isin(jets.process_names, ["quark", "gluon"])
    score = load_score("mahalanobis", finished.load_scores()["mahalanobis"])
    values = score(outputs.representation, outputs.logits)
    three = jets.process_names == "top_1tev"
    assert np.mean(values[three][:, None] > values[known]) > 0.7


def test_the_working_point_keeps_its_background_efficiency(finished, toy_jet_file):
    from edgeood.jets.split import VALIDATION
    from edgeood.training.known_jets import read_known_jets

    (held_out,) = read_known_jets(finished.recipe, [toy_jet_file], [VALIDATION])
    outputs = outputs_of(load_network(finished), held_out.inputs)
    for name, parameters in finished.load_scores().items():
        values = load_score(name, parameters)(outputs.representation, outputs.logits)[held_out.labels == 0]
        assert 0 < np.mean(values > parameters["threshold"]) <= 0.1


def test_a_finished_run_is_returned_and_another_recipe_refused(finished, toy_jet_file):
    before = weights_digest(finished.path)
    assert train(tiny(), finished.path, jets=[toy_jet_file], progress=False).manifest == finished.manifest
    assert weights_digest(finished.path) == before
    with pytest.raises(EdgeoodError, match="another recipe"):
        train(tiny(seed=8), finished.path, jets=[toy_jet_file], progress=False)


def test_metrics_have_one_line_an_epoch(finished):
    lines = (finished.path / "metrics.csv").read_text().splitlines()
    assert lines[0].startswith("epoch,train_cross_entropy,train_loss,train_mutual_information,validation_")
    assert [line.split(",")[0] for line in lines[1:]] == list("012345")


def test_missing_processes_are_named(tmp_path, toy_jets):
    from edgeood.jets.format import write_jets

    jets = toy_jets(20)
    write_jets(tmp_path / "jets.h5", jets[jets.process_names != "gluon"], {})
    with pytest.raises(EdgeoodError, match=r"no jets of .*gluon") as caught:
        train(tiny(), tmp_path / "run", jets=[tmp_path / "jets.h5"], progress=False)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_distilling_recipe_needs_a_teacher(tmp_path, toy_jet_file):
    with pytest.raises(EdgeoodError, match="--teacher"):
        train(tiny(distillation={}), tmp_path / "run", jets=[toy_jet_file], progress=False)


def test_a_folder_with_other_things_is_left_alone(tmp_path, toy_jet_file):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(EdgeoodError, match="not empty"):
        train(tiny(), tmp_path, jets=[toy_jet_file], progress=False)


def test_an_unfinished_training_is_known_by_its_recipe_not_by_its_text(tmp_path, toy_jet_file):
    recipe = tiny(training=TINY["training"] | {"epochs": 1})
    started = recipe.to_yaml()
    # As an older version wrote it, which did not know of this key.
    assert "  overlaid: 0.0\n" in started
    (tmp_path / "started.yaml").write_text(started.replace("  overlaid: 0.0\n", ""))
    with pytest.raises(EdgeoodError, match="unfinished training of another recipe"):
        train(tiny(seed=8), tmp_path, jets=[toy_jet_file], progress=False)
    run = train(recipe, tmp_path, jets=[toy_jet_file], progress=False)
    assert run.recipe == recipe


KILLED = """
import os, signal, sys
import lightning
from edgeood.recipe import load_recipe
from edgeood.training.train import train

class Kill(lightning.Callback):
    def on_train_batch_start(self, trainer, module, batch, batch_index):
        if f"{trainer.current_epoch}.{batch_index}" == sys.argv[4]:
            os.kill(os.getpid(), signal.SIGKILL)

train(load_recipe(sys.argv[1]), sys.argv[2], jets=[sys.argv[3]], progress=False, callbacks=[Kill()])
"""


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_weights_and_metrics(finished, tmp_path, toy_jet_file):
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(tiny().to_yaml())
    folder = tmp_path / "run"
    rng = np.random.default_rng()  # anywhere must do, so the moment is truly random
    moments = [f"{epoch}.{rng.integers(14)}" for epoch in np.sort(rng.choice(6, 2, replace=False))]
    for moment in moments:
        command = [sys.executable, "-c", KILLED, recipe, folder, toy_jet_file, moment]
        assert subprocess.run(command).returncode == -signal.SIGKILL, moments
    subprocess.run([*command[:-1], "never"], check=True)
    assert weights_digest(folder) == weights_digest(finished.path), moments
    assert (folder / "metrics.csv").read_text() == (finished.path / "metrics.csv").read_text()
    assert not (folder / "checkpoints").exists()


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path, toy_jet_file, toy_jets):
    recipe, folder = tmp_path / "tiny.yaml", tmp_path / "run"
    recipe.write_text(tiny(training=TINY["training"] | {"devices": 2, "batch_size": 32}).to_yaml())
    command = [
        Path(sys.executable).with_name("edgeood"),
        "train",
        recipe,
        "--jets",
        toy_jet_file,
        "-o",
        folder,
    ]
    subprocess.run([*command, "--quiet"], check=True, capture_output=True)
    assert accuracy(Run.open(folder), toy_jets(200, seed=5)) > 0.9
    assert len((folder / "metrics.csv").read_text().splitlines()) == 7
