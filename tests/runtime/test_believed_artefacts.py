"""What is read from a run is what was written with it: another file in its place is refused by every engine."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from quantized_runs import jet_file, make_run

import edgeood
from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.onnx.metadata import store_metadata
from edgeood.export.record import exported, read_record
from edgeood.files.seal import SUMS
from edgeood.run import Run
from edgeood.runtime import open_engine
from edgeood.runtime.onnxruntime import OnnxRuntime

SCORE = "max_logit"
RELEASED = Path(__file__).parents[2] / "models" / "released"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    run = make_run(tmp_path_factory.mktemp("run") / "run")
    for target in ("onnx", "qonnx", "vitis"):
        to(run, target, score=SCORE)
    to(run, "onnx", score="mahalanobis_diagonal")
    return run.path


@pytest.fixture
def folder(made, tmp_path) -> Path:
    return shutil.copytree(made, tmp_path / "run")


def negate(path: Path) -> None:
    model = onnx.load(path)
    model.graph.node[-1].output[0] = "positive"
    model.graph.node.append(helper.make_node("Neg", ["positive"], ["score"]))
    onnx.save(model, path)


def other_threshold(path: Path) -> None:
    model = onnx.load(path)
    (entry,) = (one for one in model.metadata_props if one.key == "edgeood.threshold")
    entry.value = json.dumps(json.loads(entry.value) - 1)
    onnx.save(model, path)


def other_score(path: Path) -> None:
    shutil.copy(path.parents[1] / "mahalanobis_diagonal" / "score.onnx", path)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit(key: str, value: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = json.loads(path.read_text())
        *above, last = key.split(".")
        inner = content
        for name in above:
            inner = inner[name]
        inner[last] = value
        path.write_text(json.dumps(content))

    return change


EXPORT = f"export/{SCORE}"


@pytest.mark.parametrize(
    ("file", "change", "engine"),
    [
        (f"{EXPORT}/score.onnx", negate, "onnxruntime"),
        (f"{EXPORT}/score.onnx", other_threshold, "onnxruntime"),
        (f"{EXPORT}/score.onnx", other_score, "onnxruntime"),
        (f"{EXPORT}/score.onnx", flip, "onnxruntime"),
        (f"{EXPORT}/score.qonnx.onnx", flip, "qonnx"),
        (f"{EXPORT}/score.json", edit("threshold", 0.0), "onnxruntime"),
        (f"{EXPORT}/score.json", edit("artefacts.vitis.project", "evil"), "csim"),
        (f"{EXPORT}/score.json", edit("inputs.pixels", 8), "onnxruntime"),
        (f"{EXPORT}/vitis/firmware/tiny_twin_1.cpp", flip, "csim"),
        (f"{EXPORT}/vitis/{SUMS}", flip, "csim"),
        ("network.safetensors", flip, "network"),
        ("network.safetensors", flip, "cpu"),
        ("network.safetensors", flip, "onnxruntime"),
        ("scores.npz", flip, "network"),
        ("scores.npz", flip, "cpu"),
        ("scores.npz", flip, "onnxruntime"),
        ("run.json", edit("recipe.inputs.scale", 4.0), "onnxruntime"),
        ("run.json", edit("recipe.data.classes", {"wz": ["w_1tev"], "qcd": ["quark"]}), "network"),
        ("run.json", edit("files", {}), "network"),
    ],
)
def test_another_file_is_refused(file, change, engine, folder):
    change(folder / file)
    with pytest.raises(EdgeoodError, match=r"recorded with it|was changed after edgeood wrote it") as caught:
        edgeood.score(folder, jet_file(), engine=engine, score=SCORE)
    assert re.search(r"run `edgeood export|copy the run again", str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_source_that_was_not_exported_is_refused(folder):
    (folder / EXPORT / "vitis" / "firmware" / "ap_fixed.h").write_text("#error\n")
    with pytest.raises(EdgeoodError, match=r"ap_fixed\.h does not belong to what was recorded with it"):
        edgeood.score(folder, jet_file(), engine="csim", score=SCORE)


def test_what_a_tool_adds_to_a_project_is_not_looked_at(folder):
    (folder / EXPORT / "vitis" / "build.log").write_text("made elsewhere")
    assert exported(Run.open(folder), SCORE, "vitis").is_dir()


@pytest.mark.parametrize("name", ["run.json", f"{EXPORT}/score.json", "scores.npz", "network.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"format": "edgeood-run"}'])
def test_damaged_files_are_one_sentence(name, content, folder):
    (folder / name).write_bytes(content)
    with pytest.raises(EdgeoodError) as caught:
        edgeood.score(
            folder, jet_file(), engine="network" if "export" not in name else "onnxruntime", score=SCORE
        )
    assert "\n" not in str(caught.value)
    with pytest.raises(EdgeoodError):
        edgeood.verify(Run.open(folder), jet_file(), ["network", "onnxruntime"], [SCORE])


def test_records_of_0_1_are_believed_as_far_as_they_go(folder):
    """What is not recorded is not checked; what is, is."""
    record = json.loads((folder / EXPORT / "score.json").read_text())
    del record["digest"], record["made_from"]["recipe"]
    for artefact in record["artefacts"].values():
        del artefact["sha256"]
    (folder / EXPORT / "score.json").write_text(json.dumps(record))
    manifest = json.loads((folder / "run.json").read_text())
    del manifest["digest"], manifest["files"]
    (folder / "run.json").write_text(json.dumps(manifest))
    assert len(edgeood.score(folder, jet_file(), score=SCORE)) == 100
    other_threshold(folder / EXPORT / "score.onnx")
    with pytest.raises(EdgeoodError, match=r"has another threshold \(.*\) than score\.json beside it"):
        edgeood.score(folder, jet_file(), score=SCORE)
    edit("threshold", 0.0)(folder / EXPORT / "score.json")
    with pytest.raises(EdgeoodError, match="has another score or threshold than its run"):
        edgeood.score(folder, jet_file(), score=SCORE)


@pytest.mark.parametrize("name", ["cnn-trigger", "particlenet-lite"])
@pytest.mark.parametrize(
    "file", ["export/max_logit/score.onnx", "network.safetensors", "scores.npz", "run.json"]
)
def test_a_released_detector_is_checked_by_its_card(name, file, tmp_path):
    folder = shutil.copytree(RELEASED / name, tmp_path / name)
    assert len(edgeood.score(folder, folder / "jets.h5", score=SCORE)) == 48
    flip(folder / file)
    with pytest.raises(EdgeoodError, match=r"recorded with it|not readable JSON|changed after edgeood"):
        edgeood.score(folder, folder / "jets.h5", score=SCORE)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": "edgeood-released", "version": 1}'])
def test_a_damaged_card_is_one_sentence(content, tmp_path):
    folder = shutil.copytree(RELEASED / "cnn-trigger", tmp_path / "one")
    (folder / "card.json").write_bytes(content)
    with pytest.raises(EdgeoodError, match=r"card\.json"):
        edgeood.load_released(folder)


def test_an_export_into_a_copy_of_a_release_is_bound_by_itself(tmp_path):
    folder = shutil.copytree(RELEASED / "cnn-trigger", tmp_path / "mine")
    before = edgeood.score(folder, folder / "jets.h5", score=SCORE)
    to(Run.open(folder), "onnx", score=SCORE)
    np.testing.assert_array_equal(edgeood.score(folder, folder / "jets.h5", score=SCORE), before)
    assert read_record(Run.open(folder), SCORE)["artefacts"]["onnx"]["sha256"]


def test_a_library_in_a_run_is_never_loaded(folder):
    """Release 0.1 kept compiled code there; whoever made the folder could have put any."""
    for name in ("cpu", "csim"):
        (folder / EXPORT / name).mkdir()
        for library in (f"score-{'0' * 16}.so", "x.so"):
            (folder / EXPORT / name / library).write_bytes(b"not to be loaded")
    engine = open_engine(Run.open(folder), "cpu", SCORE)
    assert not engine.library.is_relative_to(folder)  # type: ignore[attr-defined]


def model(
    shape: tuple[object, ...] = ("batch", 1, 16, 16),
    output: str = "score",
    rest: tuple[object, ...] = ("batch", 1),
    **about: object,
) -> onnx.ModelProto:
    """A model that sums its inputs and says ``about`` itself."""
    axes = helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3])
    nodes = [
        helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=0),
        helper.make_node("Reshape", ["sum", "shape"], [output]),
    ]
    wanted = [-1, *(one for one in rest[1:])]
    initial = [axes, helper.make_tensor("shape", TensorProto.INT64, [len(wanted)], wanted)]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, rest)],
        initial,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    store_metadata(
        made, {"score": "sum", "threshold": 1.0, "inputs": {"kind": "images", "pixels": 16}} | about
    )
    return made


def test_a_model_of_ones_own_scores_if_it_keeps_the_interface(tmp_path):
    for rest in (("batch",), ("batch", 1)):
        onnx.save(model(rest=rest), tmp_path / "own.onnx")
        scores = OnnxRuntime(tmp_path / "own.onnx")(np.ones((3, 1, 16, 16), np.float32))
        np.testing.assert_array_equal(scores, [256, 256, 256])


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: model(output="other"), "not one 'score' for each jet"),
        (lambda: model(rest=("batch", 1, 1)), "not one 'score' for each jet"),
        (lambda: model(shape=("batch", 1, 8, 8)), r"its own description promises \(1, 16, 16\)"),
        (lambda: model(inputs={"kind": "images"}), "told without their pixels"),
        (lambda: model(inputs={"kind": "images", "pixels": "many"}), "told to have pixels = 'many'"),
        (lambda: model(inputs=[3]), "no proper 'inputs'"),
        (lambda: model(threshold="high"), "no proper 'threshold'"),
        (lambda: model(score=3), "was not exported by edgeood"),
    ],
)
def test_a_model_that_breaks_the_interface_is_refused(made, sentence, tmp_path):
    onnx.save(made(), tmp_path / "foreign.onnx")
    with pytest.raises(EdgeoodError, match=sentence) as caught:
        edgeood.score(tmp_path / "foreign.onnx", jet_file())
    assert "\n" not in str(caught.value)


def test_metadata_that_is_no_json_and_missing_keys_are_one_sentence(tmp_path):
    broken = model()
    for entry in broken.metadata_props:
        if entry.key == "edgeood.threshold":
            entry.value = "{"
    onnx.save(broken, tmp_path / "broken.onnx")
    with pytest.raises(EdgeoodError, match="describes itself in no readable JSON"):
        OnnxRuntime(tmp_path / "broken.onnx")
    for key in ("inputs", "threshold"):
        lacking = model()
        kept = [one for one in lacking.metadata_props if one.key != f"edgeood.{key}"]
        del lacking.metadata_props[:]
        lacking.metadata_props.extend(kept)
        onnx.save(lacking, tmp_path / "lacking.onnx")
        with pytest.raises(EdgeoodError, match=f"does not tell its {key}"):
            edgeood.score(tmp_path / "lacking.onnx", jet_file())


def test_weights_outside_of_the_file_are_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(np.array([1, 2, 3], np.int64).tobytes())
    outside = model()
    axes = outside.graph.initializer[0]
    axes.ClearField("int64_data")
    axes.data_location = TensorProto.EXTERNAL
    (tmp_path / "below").mkdir()
    for place in ("../secret", str(secret)):
        del axes.external_data[:]
        axes.external_data.add(key="location", value=place)
        (tmp_path / "below" / "m.onnx").write_bytes(outside.SerializeToString())
        with pytest.raises(EdgeoodError, match="no model that ONNX Runtime opens"):
            OnnxRuntime(tmp_path / "below" / "m.onnx")


def weights(name: str, change: Callable[[TensorProto], None]) -> onnx.ModelProto:
    """The model of a released detector with one of its arrays changed."""
    made = onnx.load(RELEASED / "cnn-trigger" / EXPORT / "score.onnx")
    change(next(one for one in made.graph.initializer if one.name == name))
    return made


def long(tensor: TensorProto) -> None:
    tensor.dims.extend([2])
    tensor.raw_data *= 2


def unknown(tensor: TensorProto) -> None:
    tensor.raw_data = np.full(tuple(tensor.dims), np.nan, np.float32).tobytes()


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: weights("conv0_activation_high", long), r"cannot score inputs of shape \(48, 1, 50, 50\)"),
        (lambda: weights("conv0_bias", unknown), "gives 48 of 48 jets no number as a score"),
        (lambda: model(shape=(1, 1, 16, 16)), r"cannot score inputs of shape \(48, 1, 16, 16\)"),
        (lambda: model(rest=(1, 1)), None),
    ],
)
@pytest.mark.filterwarnings("ignore::edgeood.errors.OutsideDomainWarning")
def test_a_model_that_cannot_be_computed_is_one_sentence(made, sentence, tmp_path, capfd):
    onnx.save(made(), tmp_path / "own.onnx")
    jets = RELEASED / "cnn-trigger" / "jets.h5"
    if sentence is None:
        assert len(edgeood.score(tmp_path / "own.onnx", jets)) == 48
    else:
        with pytest.raises(EdgeoodError, match=sentence):
            edgeood.score(tmp_path / "own.onnx", jets)
    assert capfd.readouterr().out == ""


def test_one_score_for_many_inputs_is_refused(tmp_path):
    made = model(rest=("batch",))
    made.graph.node[-1].input[0] = "axes"
    made.graph.node.insert(0, helper.make_node("Identity", ["x"], ["unused"]))
    made.graph.node[-1].op_type = "ReduceMax"
    del made.graph.node[-1].input[1:]
    made.graph.node[-1].input[0] = "sum"
    onnx.save(made, tmp_path / "own.onnx")
    with pytest.raises(EdgeoodError, match=r"gives 1 scores for 3 inputs; export it again"):
        OnnxRuntime(tmp_path / "own.onnx")(np.ones((3, 1, 16, 16), np.float32))


def test_a_description_that_is_no_utf_8_is_one_sentence(tmp_path, capfd):
    made = model()
    content = made.SerializeToString()
    place = content.index(b"edgeood.score")
    (tmp_path / "own.onnx").write_bytes(content[:place] + b"\xff" + content[place + 1 :])
    with pytest.raises(EdgeoodError, match="is no model that ONNX Runtime opens"):
        OnnxRuntime(tmp_path / "own.onnx")
    assert capfd.readouterr().out == ""


def test_a_large_or_missing_model_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "large.onnx", "wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(EdgeoodError, match=r"has 104,857,600 bytes, no export of ours more than"):
        OnnxRuntime(tmp_path / "large.onnx")
    os.mkfifo(tmp_path / "pipe.onnx")
    for name in ("missing.onnx", "pipe.onnx"):
        with pytest.raises(EdgeoodError, match="cannot be read"):
            OnnxRuntime(tmp_path / name)
