"""Generation: the same bytes whatever happens on the way, a silent terminal, and physics."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.files.temporary import machine
from edgeood.jets.format import read_attributes, read_jets
from edgeood.jets.simulation.generate import generate
from edgeood.jets.simulation.sample import Sample

pytest.importorskip("pythia8mc")
pytest.importorskip("fastjet")
pytestmark = pytest.mark.slow

SMALL = Sample(name="small", constituents=60, shard_jets=40, jets={"quark": 100, "w_1tev": 80, "qcd": 40})
# No `__main__` guard, as in a first script of one's own.
SCRIPT = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, if a shell's background job runs the tests
import sys
from edgeood.errors import EdgeoodError
from edgeood.jets.simulation.generate import generate
from edgeood.jets.simulation.sample import load_sample
try:
    generate(load_sample(sys.argv[1]), sys.argv[2], workers=2, seed=3, fast=True, progress=False)
except EdgeoodError as error:
    sys.exit(str(error))
except KeyboardInterrupt:
    sys.exit(130)
"""


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of all files that must be reproducible."""
    files = [*folder.glob("*.h5"), folder / "manifest.json"]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)}


def start(tmp_path: Path, folder: Path) -> "subprocess.Popen[str]":
    """Generate :data:`SMALL` in a process group of its own."""
    (tmp_path / "small.yaml").write_text(SMALL.model_dump_json())
    (tmp_path / "make.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "make.py"), str(tmp_path / "small.yaml"), str(folder)]
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def wait_for_first_shard(process: "subprocess.Popen[str]", folder: Path) -> None:
    while not list(folder.glob("[!.]*.h5")):
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"ended early: {process.stderr.read() if process.stderr else ''}")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """:data:`SMALL`, made in one go by one worker."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return generate(SMALL, folder, workers=1, seed=3, fast=True, progress=False)


@pytest.fixture(scope="module")
def physics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """W and top jets with everything on."""
    sample = Sample(name="physics", shard_jets=1000, jets={"w_1tev": 1000, "top_1tev": 500})
    return generate(sample, tmp_path_factory.mktemp("physics"), progress=False)


def test_number_of_workers_and_silence(undisturbed: Path, tmp_path: Path) -> None:
    """Two workers give the bytes of one, from a script without a guard, without a word on the terminal."""
    process = start(tmp_path, tmp_path / "jets")
    assert process.communicate(timeout=120) == ("", "")
    assert process.returncode == 0
    assert digests(tmp_path / "jets") == digests(undisturbed)


def test_the_files_tell_how_they_were_made(undisturbed: Path) -> None:
    jets = read_jets(undisturbed)
    assert dict(zip(*np.unique(jets.process_names, return_counts=True), strict=True)) == SMALL.jets
    assert jets.constituents.shape == (220, 60)
    attributes = read_attributes(undisturbed / "quark_seed3_0002.h5")
    assert (attributes["process"], attributes["number"], attributes["jets"]) == ("quark", 2, 20)
    assert (attributes["seed"], attributes["fast"], attributes["jet_radius"]) == (3, True, 0.4)
    assert "PartonLevel:MPI=off" in attributes["settings"]
    manifest = json.loads((undisturbed / "manifest.json").read_text())
    assert manifest["sample"]["jets"] == SMALL.jets
    recorded = {shard["file"]: shard["sha256"] for shard in manifest["shards"]}
    assert recorded == {
        name: digest for name, digest in digests(undisturbed).items() if name != "manifest.json"
    }
    assert len(np.unique(jets.jets["event"])) > 100
    events = [set(jets[jets.process_names == name].jets["event"]) for name in SMALL.jets]
    assert not events[0] & events[1]
    assert not events[0] & events[2]


def test_running_again_changes_nothing(undisturbed: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in undisturbed.glob("*.h5")}
    generate(SMALL, undisturbed, workers=2, seed=3, fast=True, progress=False)
    assert {file: file.stat().st_mtime_ns for file in undisturbed.glob("*.h5")} == before


def test_sigkill_at_a_random_moment_and_resuming(undisturbed: Path, tmp_path: Path) -> None:
    process = start(tmp_path, tmp_path / "jets")
    moment = random.uniform(0.3, 4.0)
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert start(tmp_path, tmp_path / "jets").communicate(timeout=120) == ("", ""), f"killed after {moment} s"
    assert digests(tmp_path / "jets") == digests(undisturbed), f"killed after {moment} s"
    assert not list((tmp_path / "jets").glob(".*part*"))


def test_sigkill_of_the_parent_alone_stops_the_workers(undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "jets"
    process = start(tmp_path, folder)
    wait_for_first_shard(process, folder)
    os.kill(process.pid, signal.SIGKILL)
    # The workers hold the pipes of the terminal no longer: they were silenced; the group empties itself.
    process.communicate(timeout=60)
    assert start(tmp_path, folder).communicate(timeout=120) == ("", "")
    assert digests(folder) == digests(undisturbed)


def test_what_a_worker_leaves_that_outlived_its_parent_is_swept(undisturbed: Path, tmp_path: Path) -> None:
    """It lived when the folder was opened, so that its file stayed, and died in the middle of writing."""
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    left = tmp_path / f".quark_seed3_0000.edgeood-{machine()}-{worker.pid}.part.h5"
    left.touch()
    process = start(tmp_path, tmp_path)
    wait_for_first_shard(process, tmp_path)
    assert left.exists()
    worker.communicate(b"\n")
    assert process.communicate(timeout=120) == ("", "")
    assert not left.exists()
    assert digests(tmp_path) == digests(undisturbed)


def test_ctrl_c_leaves_only_whole_shards_and_no_traceback(undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "jets"
    process = start(tmp_path, folder)
    wait_for_first_shard(process, folder)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 130
    assert not list(folder.glob(".*part*"))
    assert not (folder / "manifest.json").exists()
    whole = digests(undisturbed)
    for file in folder.glob("*.h5"):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == whole[file.name]


def workers_of(parent: int) -> list[int]:
    """Process numbers of the pool's workers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"spawn_main" in command:
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds workers through /proc")
def test_a_killed_worker_is_told_in_one_sentence(undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "jets"
    process = start(tmp_path, folder)
    wait_for_first_shard(process, folder)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told.count("\n") == 1
    assert "a worker was killed" in told
    assert "start it again" in told
    assert list(folder.glob("*.h5"))
    assert not list(folder.glob(".*part*"))


def test_a_failing_shard_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    sample = Sample(name="two", shard_jets=10, jets={"quark": 10, "w_1tev": 10})
    (tmp_path / "w_1tev_seed1_0000.h5").mkdir()
    with pytest.raises(EdgeoodError, match=r"making .*w_1tev_seed1_0000\.h5 failed \(.*\); start it again"):
        generate(sample, tmp_path, workers=1, fast=True, progress=False)
    assert len(read_jets(tmp_path / "quark_seed1_0000.h5")) == 10
    (tmp_path / "w_1tev_seed1_0000.h5").rmdir()
    generate(sample, tmp_path, workers=1, fast=True, progress=False)
    assert len(read_jets(tmp_path)) == 20


def test_jets_made_otherwise_are_not_mixed_in(undisturbed: Path, tmp_path: Path) -> None:
    name = "quark_seed3_0000.h5"
    (tmp_path / name).write_bytes((undisturbed / name).read_bytes())
    small = Sample(name="small", constituents=60, shard_jets=40, jets={"quark": 40})
    with pytest.raises(EdgeoodError, match=f"{name} was made with another fast; remove"):
        generate(small, tmp_path, seed=3, progress=False)
    with pytest.raises(EdgeoodError, match=f"{name} does not belong to this sample with seed 4"):
        generate(small, tmp_path, seed=4, fast=True, progress=False)
    wider = small.model_copy(update={"constituents": 50})
    with pytest.raises(EdgeoodError, match="was made with another constituents"):
        generate(wider, tmp_path, seed=3, fast=True, progress=False)


def test_what_a_process_is_still_writing_is_no_jet_file(tmp_path: Path) -> None:
    """A worker outlives its killed parent by a moment, and its number may have gone to a process that lives."""
    small = Sample(name="small", constituents=60, shard_jets=40, jets={"quark": 10})
    part = tmp_path / f".quark_seed3_0000.edgeood-{machine()}-{os.getppid()}.part.h5"
    part.write_bytes(b"half")
    generate(small, tmp_path, workers=1, seed=3, fast=True, progress=False)
    assert len(read_jets(tmp_path)) == 10
    assert part.read_bytes() == b"half"


def test_damaged_and_shorter_shards_are_made_again(undisturbed: Path, tmp_path: Path) -> None:
    name = "quark_seed3_0000.h5"
    content = (undisturbed / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    small = Sample(name="small", constituents=60, shard_jets=40, jets={"quark": 25})
    generate(small, tmp_path, workers=1, seed=3, fast=True, progress=False)
    short = read_jets(tmp_path)
    assert len(short) == 25
    generate(small, tmp_path, jets=40, workers=1, seed=3, fast=True, progress=False)
    assert (tmp_path / name).read_bytes() == content
    assert np.array_equal(read_jets(tmp_path).constituents[:25], short.constituents)


def test_bad_arguments_are_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match="there is no sample 'dmo'; did you mean 'demo'"):
        generate("dmo", tmp_path / "a")
    with pytest.raises(EdgeoodError, match="seed -1 is out of range"):
        generate("demo", tmp_path / "a", seed=-1)
    assert not (tmp_path / "a").exists()
    (tmp_path / "b").write_text("")
    with pytest.raises(EdgeoodError, match="is a file; choose a folder"):
        generate("demo", tmp_path / "b")


def test_w_and_top_have_their_masses(physics: Path) -> None:
    # A jet of radius 0.4 holds a whole top of 1 TeV in a third of all cases, and else often its W alone.
    for process, expected, within, share in (("w_1tev", 80.4, 5.0, 0.6), ("top_1tev", 173.0, 8.0, 0.25)):
        jets = read_jets(physics, processes=[process]).jets
        near = np.abs(jets["softdrop_mass"] - expected) < 20
        assert near.mean() > share
        assert np.median(jets["softdrop_mass"][near]) == pytest.approx(expected, abs=within)
        assert np.median(jets["truth_mass"]) == pytest.approx(expected, abs=1.0)


def test_substructure_tells_two_prongs_from_three(physics: Path) -> None:
    w = read_jets(physics, processes=["w_1tev"]).jets
    top = read_jets(physics, processes=["top_1tev"]).jets
    whole = top[top["softdrop_mass"] > 150]
    assert np.median(w["tau2"] / w["tau1"]) < 0.44 < np.median(whole["tau2"] / whole["tau1"])
    assert np.median(whole["tau3"] / whole["tau2"]) < 0.6 < np.median(w["tau3"] / w["tau2"])
    for jets in (w, top):
        assert (jets["tau1"] >= jets["tau2"]).all()
        assert (np.abs(jets["eta"]) < 2).all()
        assert ((jets["pt"] > 500) & (jets["pt"] < 1800)).all()
        assert np.median(jets["pt"]) == pytest.approx(1000, rel=0.08)


def test_jets_are_the_sums_of_their_constituents(physics: Path) -> None:
    jets = read_jets(physics)
    whole = jets[jets.jets["n_constituents"] <= jets.constituents.shape[1]]
    assert len(whole) > 0.9 * len(jets)
    columns = {
        field: whole.constituents[field].astype(np.float64) for field in ("pt", "eta", "phi", "energy")
    }
    px, py = ((columns["pt"] * turn(columns["phi"])).sum(1) for turn in (np.cos, np.sin))
    pz = (columns["pt"] * np.sinh(columns["eta"])).sum(1)
    energy = columns["energy"].sum(1)
    np.testing.assert_allclose(np.hypot(px, py), whole.jets["pt"], rtol=1e-5)
    np.testing.assert_allclose(energy, whole.jets["energy"], rtol=1e-5)
    mass = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0))
    np.testing.assert_allclose(mass, whole.jets["mass"], atol=0.5)
    kinds = np.unique(whole.constituents["kind"][whole.constituents["valid"]])
    assert kinds.tolist() == [1, 2, 3, 4, 5]


def test_workers_spend_their_time_in_pythia(physics: Path) -> None:
    efforts = json.loads((physics / "timings.json").read_text())
    assert len(efforts) == 2
    for name, effort in efforts.items():
        assert effort["pythia_s"] / effort["cpu_s"] >= 0.85, name
