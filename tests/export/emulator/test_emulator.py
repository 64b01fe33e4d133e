"""The emulator: the firmware's bits behind two interfaces, several versions in one process."""

import ctypes
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from quantized_runs import quantized_run, random_images

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.emulator.build import write_emulator
from edgeood.export.record import read_record
from edgeood.runtime.csim import open_csim
from edgeood.runtime.network import open_network

pytestmark = pytest.mark.firmware

SCORE = "max_logit"


class Written(NamedTuple):
    folder: Path
    artefact: dict
    about: dict
    images: np.ndarray
    integers: list[int]

    @property
    def library(self) -> Path:
        return self.folder / self.artefact["library"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory):
    """Emulators by version and settings of the run, with images and the integers that the network gives them."""

    @cache
    def write(version: int, **settings) -> Written:
        run = quantized_run(**settings)
        project = to(run, "vitis", score=SCORE)
        about = read_record(run, SCORE)
        folder = tmp_path_factory.mktemp("emulators") / "emulator"
        artefact = write_emulator(project, about, version, folder)
        constant = [
            0,
            1e-42,
            2**-9,
            3 * 2**-9,
            1,
            1e6,
            -1e6,
        ]  # subnormal, ties between two steps, out of range
        images = [np.full((1, 1, 16, 16), value, np.float32) for value in constant]
        images = np.concatenate([random_images(40, 16), 3 * random_images(9, 16, seed=5), *images])
        scores = open_network(run, SCORE)(images) / about["step"]
        np.testing.assert_array_equal(scores, np.rint(scores))
        assert np.unique(scores).size > 30
        return Written(folder, artefact, about, images, scores.astype(int).tolist())

    return write


def lines(images: np.ndarray) -> str:
    return "".join(" ".join(f"{pixel:.9g}" for pixel in image.ravel()) + "\n" for image in images)


def score_function(emulator: Written):
    function = getattr(ctypes.CDLL(str(emulator.library)), f"{emulator.artefact['name']}_score")
    function.restype = None
    function.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]

    def score(images: np.ndarray) -> list[int]:
        images, integers = np.ascontiguousarray(images, np.float32), np.zeros(len(images), np.int64)
        function(images.ctypes.data, len(images), integers.ctypes.data)
        return integers.tolist()

    return score


@pytest.mark.parametrize("settings", [{}, {"io_type": "io_parallel"}])
def test_loaders_give_the_scores_of_the_network(written, settings: dict[str, str], tmp_path: Path) -> None:
    emulator = written(1, **settings)
    threshold = emulator.about["threshold_integer"]
    expected = [f"{integer} {int(integer > threshold)}" for integer in emulator.integers]
    assert {line[-1] for line in expected} == {"0", "1"}
    jets = tmp_path / "jets.dat"
    jets.write_text(lines(emulator.images))
    python = [sys.executable, "load_emulator.py", str(jets)]
    done = subprocess.run(python, cwd=emulator.folder, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == expected
    compiled = str(tmp_path / "load_emulator")
    command = ["g++", "-std=c++17", "-idirafter", "compatible", "load_emulator.cpp", "-ldl", "-o", compiled]
    subprocess.run(command, cwd=emulator.folder, check=True)
    done = subprocess.run(
        [compiled, str(emulator.library)], input=jets.read_text(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == expected


def test_description_of_the_interface(written) -> None:
    emulator = written(1)
    library, name = ctypes.CDLL(str(emulator.library)), emulator.artefact["name"]
    threshold = getattr(library, f"{name}_threshold")
    threshold.restype = ctypes.c_int64
    assert emulator.artefact == {"name": name, "version": "1", "library": f"lib{name}.so", "inputs": 256}
    assert getattr(library, f"{name}_inputs")() == 256
    assert getattr(library, f"{name}_input_fraction_bits")() == 8  # the recipe's FixedPoint(8, 0, False)
    assert 2.0 ** -getattr(library, f"{name}_score_fraction_bits")() == emulator.about["step"]
    assert threshold() == emulator.about["threshold_integer"]


def test_nothing_but_the_interface_is_visible(written) -> None:
    emulator = written(1)
    command = ["nm", "-D", "--defined-only", str(emulator.library)]
    symbols = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    declared = re.findall(
        r"\w+(?=\()", re.sub(r"//.*", "", (emulator.folder / "tiny_twin_1_v1.h").read_text())
    )
    assert len(declared) == 7
    assert {line.split()[-1] for line in symbols} == {*declared, "create_model", "destroy_model"}
    assert {line.split()[-2] for line in symbols} == {"T"}


def test_the_network_lies_in_a_namespace_of_project_and_version(written) -> None:
    emulator = written(1)
    before = emulator.about["artefacts"]["vitis"]["namespace"]
    texts = [file.read_text() for file in emulator.folder.rglob("*") if file.suffix in (".h", ".cpp", ".py")]
    assert sum("namespace tiny_twin_1_v1 {" in text for text in texts) > 10
    assert not any(before in text for text in texts)
    assert not any(re.search(r"@[A-Z]+@", text) for text in texts)


def test_versions_side_by_side_in_python(written) -> None:
    """Other weights under another version, jet by jet in turn."""
    emulators = [written(1), written(2, seed=2)]
    assert emulators[0].integers != emulators[1].integers
    functions = [score_function(emulator) for emulator in emulators]
    found: list[list[int]] = [[] for _ in emulators]
    for i in range(len(emulators[0].images)):
        for emulator, score, integers in zip(emulators, functions, found, strict=True):
            integers += score(emulator.images[i : i + 1])
    assert found == [emulator.integers for emulator in emulators]


CONSUMER = """
#include <cstdint>
#include <dlfcn.h>
#include <iostream>
#include <memory>
#include <vector>
#include "ap_fixed.h"
#include "hls4ml/emulator.h"

typedef @INPUT@ input;
typedef @OUTPUT@ output;

std::shared_ptr<hls4mlEmulator::Model> load(const char *path) {
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    auto create = (hls4mlEmulator::Model * (*)()) dlsym(library, "create_model");
    auto destroy = (void (*)(hls4mlEmulator::Model *))dlsym(library, "destroy_model");
    return std::shared_ptr<hls4mlEmulator::Model>(create(), destroy);
}

int main(int, char **paths) {
    std::vector<std::shared_ptr<hls4mlEmulator::Model>> models{load(paths[1]), load(paths[1]), load(paths[2])};
    std::vector<float> jet(256);
    for (double number; std::cin >> number;) {
        jet[0] = number;
        for (int i = 1; i < 256; i++) {
            std::cin >> number;
            jet[i] = number;
        }
        input own[256];
        for (int i = 0; i < 256; i++)
            own[i] = jet[i];
        for (auto &model : models)
            model->prepare_input(jet.data());
        models[1]->prepare_input(own);
        for (auto &model : models)
            model->predict();
        for (auto &model : models) {
            std::int64_t integer;
            double value;
            output score;
            model->read_result(&integer);
            model->read_result(&value);
            model->read_result(&score);
            std::cout << integer << " " << (value == score.to_double() && value == integer * @STEP@) << " ";
        }
        std::cout << std::endl;
    }
    try {
        models[0]->prepare_input(1);
    } catch (const std::bad_any_cast &) {
        std::cout << "refused" << std::endl;
    }
}
"""


def test_versions_side_by_side_behind_the_interface_of_cmssw(written, tmp_path: Path) -> None:
    """Models of two versions, and two of the same one, their calls interleaved; every type of port."""
    first, second = written(1), written(2, seed=2)
    project, text = first.about["artefacts"]["vitis"], CONSUMER
    for key, value in {"INPUT": project["input"], "OUTPUT": project["output"]}.items():
        text = text.replace(f"@{key}@", value)
    (tmp_path / "consumer.cpp").write_text(text.replace("@STEP@", repr(first.about["step"])))
    includes = [f"-I{first.folder}/firmware/ap_types", "-idirafter", f"{first.folder}/compatible"]
    command = ["g++", "-std=c++17", "-w", *includes, "consumer.cpp", "-ldl", "-o", "consumer"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (first.images == second.images).all()
    done = subprocess.run(
        [tmp_path / "consumer", first.library, second.library],
        input=lines(first.images),
        capture_output=True,
        text=True,
        check=True,
    )
    *rows, last = done.stdout.splitlines()
    both = zip(first.integers, second.integers, strict=True)
    assert [row.split() for row in rows] == [[str(a), "1", str(a), "1", str(b), "1"] for a, b in both]
    assert last == "refused"


def test_threads_may_share_a_library(written) -> None:
    emulator = written(1)
    score = score_function(emulator)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: score(emulator.images), range(8)))
    assert found == [emulator.integers] * 8


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_the_folder_builds_itself_elsewhere(written, tmp_path: Path) -> None:
    emulator = written(1)
    folder = shutil.copytree(emulator.folder, tmp_path / "emulator")
    (folder / emulator.library.name).unlink()
    subprocess.run(
        ["make", "CXXFLAGS=-std=c++17 -O1 -w -fPIC -shared -fno-gnu-unique"], cwd=folder, check=True
    )
    vectors = folder / "test_vectors"
    command = [folder / "load_emulator", folder / emulator.library.name]
    done = subprocess.run(
        command, input=(vectors / "inputs.dat").read_text(), capture_output=True, text=True, check=True
    )
    scores = [line.split()[0] for line in done.stdout.splitlines()]
    assert scores == (vectors / "expected_integers.dat").read_text().split()
    assert len(scores) == 16
    for file in emulator.folder.rglob("*"):
        if file.is_file():
            assert str(emulator.folder).encode() not in file.read_bytes(), file


def test_scores_are_checked_before_the_folder_is_handed_over(written, tmp_path: Path) -> None:
    run = quantized_run()
    project = shutil.copytree(to(run, "vitis", score=SCORE), tmp_path / "vitis")
    vectors = project / "tb_data" / "expected_integers.dat"
    first, rest = vectors.read_text().split("\n", 1)
    vectors.write_text(f"{int(first) + 1}\n{rest}")
    with pytest.raises(
        EdgeoodError, match=r"does not reproduce the HLS project \(1 of 16 test vectors differ\)"
    ):
        write_emulator(project, read_record(run, SCORE), 1, tmp_path / "emulator")


def test_versions_that_are_no_names_are_refused(tmp_path: Path) -> None:
    for version in ("1.2", "", "a b", "é"):
        with pytest.raises(EdgeoodError, match="use letters, digits and underscores"):
            write_emulator(tmp_path, {}, version, tmp_path / "emulator")
    assert not (tmp_path / "emulator").exists()


def test_failing_and_missing_compilers_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = quantized_run()
    project = shutil.copytree(to(run, "vitis", score=SCORE), tmp_path / "vitis")
    (project / "firmware" / "tiny_twin_1.cpp").write_text("#error out of order\n")
    with pytest.raises(EdgeoodError, match=r"could not compile the emulator \(.*out of order\)"):
        write_emulator(project, read_record(run, SCORE), 1, tmp_path / "failed")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EdgeoodError, match=r"needs g\+\+, which is not on PATH; install it"):
        write_emulator(project, read_record(run, SCORE), 1, tmp_path / "missing")


def test_c_simulation_and_emulator_agree(written) -> None:
    emulator = written(1)
    scores = open_csim(quantized_run(), SCORE, workers=1)(emulator.images)
    np.testing.assert_array_equal(scores, np.array(emulator.integers) * emulator.about["step"])
