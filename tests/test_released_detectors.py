"""A released detector: written from a run, loaded in two lines, the same bits as the network."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from quantized_runs import make_run, quantized_run

from benchmarks.quantization.public_samples import PublicSample, parsed
from benchmarks.quantization.release import release
from edgeood.checksums import sha256_of
from edgeood.errors import EdgeoodError
from edgeood.evaluation.evaluate_run import evaluate
from edgeood.inputs import inputs_of
from edgeood.jets.format import Jets, read_jets
from edgeood.recipe import Recipe
from edgeood.released import load_released, released_names
from edgeood.resources import released_folder
from edgeood.run import Run
from edgeood.runtime.network import open_network
from edgeood.runtime.onnxruntime import OnnxRuntime
from edgeood.scores.fused.network import fused_network

SCORES = ("max_logit", "mahalanobis_diagonal")
RELEASED_0_1 = Path(__file__).parent / "data" / "released_0_1" / "particlenet-lite"
LIMIT = "Made of random weights."
# Toy signals are far from the toy background, and are told so: tests/jets/test_domain.py.
pytestmark = pytest.mark.filterwarnings("ignore::edgeood.errors.OutsideDomainWarning")


@pytest.fixture(scope="module")
def run(tmp_path_factory, toy_jet_file) -> Run:
    """A run with random weights that names its machine's paths, measured on toy jets."""
    made = make_run(tmp_path_factory.mktemp("run") / "twin")
    content = made.recipe.model_dump(mode="json")
    content["data"] |= {
        "jets": [str(toy_jet_file)],
        "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev"]},
        "signals": {"top": ["top_1tev"]},
    }
    content["distillation"] = {"teacher": "/somewhere/float"}
    recipe = Recipe.model_validate(content)
    Run.finish(made.path, recipe, made.manifest["data"], jets={"train": 1200, "validation": 100})
    opened = Run.open(made.path)
    evaluate(opened, plots=False)
    return opened


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory, toy_jet_file) -> Path:
    return release(run, "tiny", tmp_path_factory.mktemp("released"), [toy_jet_file], limits=[LIMIT])


@pytest.mark.parametrize("score", SCORES)
def test_a_detector_scores_files_jets_and_inputs_as_the_network_does(run, folder, toy_jet_file, score):
    jets = read_jets(toy_jet_file)
    inputs = inputs_of(jets, run.manifest["recipe"]["inputs"])
    expected = open_network(run, score)(inputs)
    assert np.unique(expected).size > 100
    detector = load_released(folder, score)
    for what in (toy_jet_file, [toy_jet_file], jets, inputs):
        np.testing.assert_array_equal(detector(what), expected)
    np.testing.assert_array_equal(detector.score(jets), expected)
    assert detector.score(jets[:0]).shape == (0,)
    threshold = float(run.load_scores()[score]["threshold"])
    assert detector.threshold == threshold
    integers = expected / detector.step
    selected = integers > detector.card["scores"][score]["threshold_integer"]
    np.testing.assert_array_equal(selected, expected > threshold)
    assert repr(detector) == f"<Detector tiny: {score}, anomalous above {threshold:g}>"


@pytest.mark.parametrize("score", SCORES)
def test_vectors_are_whole_numbers_of_the_network_and_one_wrong_one_is_found(run, folder, score, monkeypatch):
    detector = load_released(folder, score)
    inputs, integers = detector.vectors()
    assert integers.dtype == np.int64
    assert len(integers) == len(inputs) == 48 + 13
    np.testing.assert_array_equal(open_network(run, score)(inputs), integers * detector.step)
    assert detector.check() == 0
    wrong = integers.copy()
    wrong[7] += 1
    monkeypatch.setattr(detector, "vectors", lambda: (inputs, wrong))
    assert detector.check() == 1


def test_the_example_holds_jets_of_every_process(folder):
    detector = load_released(folder)
    assert detector.score_name == "mahalanobis_diagonal"
    jets = read_jets(detector.example())
    assert set(jets.process_names) == {"quark", "gluon", "w_1tev", "top_1tev"}
    np.testing.assert_array_equal(detector(detector.example()), detector.vectors()[1][:48] * detector.step)
    assert isinstance(jets, Jets)


def test_the_card_says_what_was_measured_and_no_machines_paths(run, folder, toy_jet_file):
    card = json.loads((folder / "card.json").read_text())
    metrics = json.loads((run.path / "evaluation" / "metrics.json").read_text())
    for score in SCORES:
        own = card["scores"][score]
        assert own["signals"]["top"]["auroc"] == metrics["signals"]["top"][score]["auroc"]
        assert own["sculpting"] == metrics["sculpting"][score]
        assert own["ebops"] > 1000
    assert card["scores"]["mahalanobis_diagonal"]["ebops"] > card["scores"]["max_logit"]["ebops"]
    assert card["limits"][-1] == LIMIT
    assert len(card["limits"]) > 3
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files - {"card.json"} == set(card["files"])
    assert {"card.md", "recipe.yaml", "network.safetensors", "vectors.npz", "run.json"} <= files
    assert all(sha256_of(folder / name) == digest for name, digest in card["files"].items())
    for name in ("card.md", "card.json", "recipe.yaml", "run.json", "export/max_logit/score.json"):
        text = (folder / name).read_text()
        assert str(toy_jet_file.parent) not in text
        assert "/somewhere" not in text
    assert card["needs"] == {"jets": ["eta", "phi"], "constituents": ["eta", "phi", "energy"]}
    assert load_released(folder).needs.optional == ()
    text = (folder / "card.md").read_text()
    assert "Needs `eta`, `phi` of the jets and `eta`, `phi`, `energy` of the constituents.\n" in text
    assert LIMIT in text
    assert "| max-logit | top |" in text
    assert 'load_released("tiny").decide("jets.h5")' in text


def test_a_released_detector_is_a_run(folder):
    again = Run.open(folder)
    assert isinstance(again.recipe, Recipe)
    assert set(again.load_scores()) == set(SCORES)
    engine = OnnxRuntime(folder / "export" / "max_logit" / "score.onnx")
    inputs, _ = load_released(folder, "max_logit").vectors()
    np.testing.assert_array_equal(engine(inputs), open_network(again, "max_logit")(inputs))


def test_two_lines_need_three_packages(folder, toy_jet_file):
    code = (
        "import sys; from edgeood.released import load_released\n"
        f"print(len(load_released({str(folder)!r})({str(toy_jet_file)!r})))\n"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & "
        "{'pydantic', 'yaml', 'torch', 'typer', 'rich', 'keras', 'onnx', 'scipy', 'matplotlib', 'lightning'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "2000\n[]\n", done.stderr


def test_what_is_wrong_is_told_in_one_sentence(folder, run, tmp_path, toy_jet_file):
    with pytest.raises(EdgeoodError, match="there is no released detector 'cnn-of-nobody'"):
        load_released("cnn-of-nobody")
    with pytest.raises(EdgeoodError, match="'tiny' has no score 'energy'; choose max_logit or"):
        load_released(folder, "energy")
    with pytest.raises(EdgeoodError, match=r"was not measured; run `edgeood evaluate"):
        release(quantized_run(), "tiny", tmp_path, [toy_jet_file])
    assert not (tmp_path / "tiny").exists()


def test_a_damaged_file_is_noticed(run, tmp_path, toy_jet_file):
    folder = release(run, "tiny", tmp_path, [toy_jet_file])
    file = folder / "export" / "max_logit" / "score.onnx"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert load_released(folder, "mahalanobis_diagonal").check() == 0
    with pytest.raises(EdgeoodError, match=r"score\.onnx is not the file that was released"):
        load_released(folder, "max_logit")


def test_the_card_tells_what_public_samples_look_like(run, tmp_path, toy_jet_file):
    momenta = np.zeros((3, 4, 2), np.float32)  # px, py, pz, E of two constituents
    momenta[:, 0], momenta[:, 2], momenta[:, 3] = 300, 150, np.hypot(300, 150)
    np.save(tmp_path / "few_pf_vectors.npy", momenta)
    np.save(tmp_path / "few_pf_mask.npy", np.ones((3, 1, 2), np.float32))
    with pytest.raises(EdgeoodError, match="'nothing' names no public sample; write TITLE=FILE"):
        parsed("nothing")
    samples = [parsed(f"toy jets={toy_jet_file}"), PublicSample("two", tmp_path / "few_pf_vectors.npy")]
    folder = release(run, "tiny", tmp_path / "released", [toy_jet_file], public=samples)
    toy, few = load_released(folder).card["public_samples"]
    share = load_released(folder).decide(toy_jet_file).anomalous.mean()
    assert toy["anomalous"] == [share, pytest.approx((share * (1 - share) / 2000) ** 0.5)]
    assert (few["jets"], few["outside"]) == (3, True)
    lines = (folder / "card.md").read_text().split("## Public samples")[1].splitlines()
    assert any(line.startswith("| toy jets | 2,000 | 0.05 ± 0.05 |") for line in lines)
    assert any(line.startswith("| two | 3 | ") and line.endswith(" | no |") for line in lines)


def test_a_calibrated_detector_decides_by_mass(tmp_path, toy_jet_file):
    made = make_run(tmp_path / "twin", mass_blind=True)
    content = made.recipe.model_dump(mode="json")
    content["data"] |= {
        "classes": {"qcd": ["quark", "gluon"], "wz": ["w_1tev"]},
        "signals": {"top": ["top_1tev"]},
    }
    Run.finish(made.path, Recipe.model_validate(content), made.manifest["data"], calibration={"jets": 400})
    run = Run.open(made.path)
    evaluate(run, [toy_jet_file], plots=False)
    folder = release(run, "blind", tmp_path / "released", [toy_jet_file])
    jets = read_jets(toy_jet_file)
    for score in SCORES:
        detector = load_released(folder, score)
        assert detector.mass_blind
        assert detector.check() == 0
        network = fused_network(run, score)
        integers = network.integers(inputs_of(jets, run.manifest["recipe"]["inputs"]))
        scores, anomalous = detector.decide(toy_jet_file)
        np.testing.assert_array_equal(scores, integers * detector.step)
        np.testing.assert_array_equal(anomalous, network.decisions(integers, jets.jets["mass"]))
        np.testing.assert_array_equal(detector.decide(jets).anomalous, anomalous)
        content = np.load(folder / "vectors.npz")
        assert content[f"{score}_anomalous"].dtype == bool
        assert 0 < content[f"{score}_anomalous"].sum() < len(content["mass"])
    text = (folder / "card.md").read_text()
    assert text.index("## Decision") < text.index("## Scores")
    assert "Thresholds from 400 QCD jets" in text


@pytest.mark.parametrize("score", SCORES)
def test_a_detector_of_release_0_1_decides_by_one_threshold(score):
    detector = load_released(RELEASED_0_1, score)
    assert detector.check() == 0
    assert not detector.mass_blind
    scores, anomalous = detector.decide(detector.example())
    np.testing.assert_array_equal(scores, detector(detector.example()))
    np.testing.assert_array_equal(anomalous, scores > detector.threshold)
    # Calibrated since, it gives the same integers.
    inputs, integers = detector.vectors()
    now = load_released("particlenet-lite", score)
    assert now.mass_blind
    np.testing.assert_array_equal(now(inputs), integers * now.step)


def test_the_command_line_scores_with_a_released_detector_by_its_name(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from edgeood.cli import app

    monkeypatch.chdir(tmp_path)
    detector = load_released("particlenet-lite-leptons")
    shutil.copyfile(released_folder() / detector.name / "jets.h5", "jets.h5")
    told = CliRunner().invoke(app, ["score", detector.name, "jets.h5", "--quiet"])
    assert told.exit_code == 0
    decided = detector.decide("jets.h5")
    with h5py.File("scores.h5") as file:
        np.testing.assert_array_equal(file["score"], decided.scores)
        np.testing.assert_array_equal(file["anomalous"], decided.anomalous)
    # A folder of that name is what is meant.
    Path(detector.name).mkdir()
    told = CliRunner().invoke(app, ["score", detector.name, "jets.h5", "--quiet"])
    assert "no run directory" in str(told.exception)


@pytest.mark.parametrize("name", released_names())
def test_every_detector_of_the_package_gives_its_vectors(name):
    for score in SCORES:
        assert load_released(name, score).check() == 0


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("files",), [[0, 1]], "no proper 'files'"),
        (("scores",), ["max_logit"], "no proper 'scores'"),
        (("scores", "max_logit"), 3, r"no proper 'scores\.max_logit'"),
        (("scores", "max_logit", "file"), None, r"no proper 'scores\.max_logit\.file'"),
        (("scores", "max_logit", "step"), "small", r"no proper 'scores\.max_logit\.step'"),
        (("needs",), {"jets": ["eta"]}, r"no proper 'needs\.constituents'"),
        (("needs",), {"jets": ["eta"], "constituents": [3]}, "no proper 'needs'"),
        (("domain",), {"pt": 3}, "not as two numbers by name"),
        (
            ("scores", "max_logit", "threshold"),
            0.5,
            r"has another threshold \(.*\) than its card\.json \(0\.5\)",
        ),
        (("inputs", "scale"), 4.0, r"has another inputs \(.*\) than its card\.json"),
        (("inputs", "intensity"), "linear", r"has another inputs \(.*\) than its card\.json"),
    ],
)
def test_a_card_that_is_damaged_or_of_another_model_is_one_sentence(place, value, sentence, tmp_path):
    folder = shutil.copytree(released_folder() / "cnn-trigger", tmp_path / "copy")
    card = json.loads((folder / "card.json").read_text())
    parent = card
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(EdgeoodError, match=sentence):
        load_released(folder, "max_logit")(folder / "jets.h5")


def test_vectors_of_another_score_are_one_sentence(tmp_path):
    folder = shutil.copytree(released_folder() / "cnn-trigger", tmp_path / "copy")
    detector = load_released(folder)
    np.savez(folder / "vectors.npz", inputs=np.zeros((1, 1, 50, 50), np.float32))
    with pytest.raises(EdgeoodError, match=r"vectors\.npz has no array 'max_logit'"):
        detector.check()
