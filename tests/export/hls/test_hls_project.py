"""The Vitis project: exact in C-simulation for every interface, silent, self-contained, namespaced."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import SIGNED, STRIDED, WIDE, quantized_run, random_images

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.hls.project import _speaking_into
from edgeood.export.record import read_record
from edgeood.runtime.csim import compile_project, open_csim
from edgeood.runtime.csim_worker import simulate
from edgeood.runtime.network import open_network
from edgeood.runtime.parity.corners import corner_inputs

pytestmark = pytest.mark.firmware

SETTINGS = {
    "stream": {},
    "parallel": {"io_type": "io_parallel"},
    "resource": {"strategy": "resource", "reuse_factor": 3},
    "wide": {"quantization": WIDE},
    "strided parallel, linear representation": {
        "network": STRIDED,
        "io_type": "io_parallel",
        "quantization": SIGNED,
    },
}


@pytest.mark.parametrize(
    ("name", "score"),
    [(name, "mahalanobis_diagonal") for name in SETTINGS]
    + [("stream", "max_logit"), ("parallel", "max_logit")],
)
def test_csim_equals_the_network(name: str, score: str) -> None:
    run = quantized_run(**SETTINGS[name])
    to(run, "vitis", score=score)
    images = np.concatenate(
        [random_images(60, 16), corner_inputs((1, 16, 16), run.recipe.quantization.input)]
    )
    expected = open_network(run, score)(images)
    np.testing.assert_array_equal(open_csim(run, score)(images), expected)
    assert np.unique(expected).size > 40


def project_of(score: str = "mahalanobis_diagonal", **settings) -> tuple[Path, dict]:
    run = quantized_run(**settings)
    path = to(run, "vitis", score=score)
    return path, read_record(run, score)


def test_exports_are_silent(capfd: pytest.CaptureFixture[str]) -> None:
    path, _ = project_of()
    assert capfd.readouterr() == ("", "")
    assert "Creating HLS model" in (path.parent / "hls4ml.log").read_text()


def test_projects_are_self_contained() -> None:
    path, about = project_of()
    for file in path.rglob("*"):
        if file.is_file():
            assert str(path.parent) not in file.read_text(errors="replace"), file
    assert "#include" in (path / "firmware" / "nnet_utils" / "nnet_edgeood_score.h").read_text()
    readme = (path / "README.md").read_text()
    assert about["artefacts"]["vitis"]["input"] == "ap_ufixed<8,0,AP_RND_CONV,AP_SAT>"
    assert about["artefacts"]["vitis"]["input"] in readme
    assert f"greater than **{about['threshold_integer']}**" in readme
    assert json.dumps(about["artefacts"]["vitis"]["namespace"]).strip('"') in readme


def test_generated_code_lies_in_the_projects_namespace() -> None:
    path, about = project_of()
    opening = f"namespace {about['artefacts']['vitis']['namespace']} {{"
    sources = [
        path / "firmware" / name for name in ("tiny_twin_1.cpp", "tiny_twin_1.h", "defines.h", "parameters.h")
    ]
    for source in [*sources, *(path / "firmware" / "weights").glob("*.h")]:
        assert opening in source.read_text(), source
    other, about_other = project_of(seed=2)
    assert other != path
    assert about_other["artefacts"]["vitis"]["namespace"] != about["artefacts"]["vitis"]["namespace"]


def test_synthesis_and_simulation_see_the_same_constants() -> None:
    path, _ = project_of()
    headers = list((path / "firmware" / "weights").glob("*.h"))
    assert len(headers) == 10  # weights and biases of 4 layers, means and inverse variances
    for header in headers:
        text = header.read_text()
        assert len(re.findall(r"\{-?[\d.]+, ", text)) == 1, header
        assert text.count("= EDGEOOD_VALUES;") == 2, header


def built_bench(path: Path, about: dict, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of a project, whose compiled test bench found every vector right, and its expected integers."""
    project = shutil.copytree(path, tmp_path / "project")
    name = about["artefacts"]["vitis"]["project"]
    command = ["g++", "-std=c++14", "-O1", "-w", "-I.", "-Ifirmware/ap_types", f"{name}_test.cpp"]
    subprocess.run([*command, f"firmware/{name}.cpp", "-o", "bench"], cwd=project, check=True)
    done = subprocess.run(["./bench"], cwd=project, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "0 mismatches in 16 vectors\n"), done.stderr
    vectors = project / "tb_data" / "expected_integers.dat"
    assert (project / "tb_data" / "csim_results.log").read_text() == vectors.read_text()
    return project, vectors


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_test_bench_checks_itself(io_type: str, tmp_path: Path) -> None:
    path, about = project_of(io_type=io_type)
    project, vectors = built_bench(path, about, tmp_path)
    first, rest = vectors.read_text().split("\n", 1)
    vectors.write_text(f"{int(first) + 1}\n{rest}")
    done = subprocess.run(["./bench"], cwd=project, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"vector 1: {first} instead of {int(first) + 1}" in done.stderr


@pytest.mark.parametrize("io_type", ["io_stream", "io_parallel"])
def test_a_mass_blind_design_tells_its_ports_and_its_bench_checks_decisions(
    io_type: str, tmp_path: Path
) -> None:
    path, about = project_of(io_type=io_type, mass_blind=True)
    readme = (path / "README.md").read_text()
    assert "| mass | `ap_ufixed<9,9,AP_RND_CONV,AP_SAT>` |" in readme
    assert "the threshold for its mass: a table of\n512 thresholds" in readme
    project, vectors = built_bench(path, about, tmp_path)
    decisions = [line.split()[1] for line in vectors.read_text().splitlines()]
    assert set(decisions) == {"0", "1"}
    first, rest = vectors.read_text().split("\n", 1)
    wrong = 1 - int(decisions[0])
    vectors.write_text(f"{first.split()[0]} {wrong}\n{rest}")
    done = subprocess.run(["./bench"], cwd=project, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"vector 1: {decisions[0]} instead of {wrong}" in done.stderr


def test_two_networks_in_one_process(tmp_path: Path) -> None:
    """Same layers, other weights: symbols of one library must not stand in for those of the other."""
    images = random_images(40, 16)
    libraries, expected = [], []
    for seed in (0, 2):
        path, about = project_of("max_logit", seed=seed)
        libraries.append(compile_project(path, about["artefacts"]["vitis"]["project"], path.parent / "csim"))
        expected.append(open_network(quantized_run(seed=seed), "max_logit")(images))
    for _ in range(2):  # interleaved, as line buffers are static
        for library, scores in zip(libraries, expected, strict=True):
            found = simulate(library, "tiny_twin_1_double", images.reshape(len(images), -1))
            np.testing.assert_array_equal(found[:, 0], scores)
    assert (expected[0] != expected[1]).any()
    symbols = subprocess.run(["nm", "-D", libraries[0]], capture_output=True, text=True, check=True).stdout
    assert not re.findall(r" u ", symbols)  # no STB_GNU_UNIQUE, which would be shared between libraries


def test_what_hls4ml_says_stays_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    with _speaking_into(log):
        print("from Python")
        subprocess.run(["echo", "from a process"], check=True)
    print("afterwards")
    assert set(log.read_text().split("\n")) == {"from Python", "from a process", ""}
    assert capfd.readouterr().out == "afterwards\n"


def test_failures_name_the_log(tmp_path: Path) -> None:
    from edgeood.export.hls.project import write_project
    from edgeood.recipe import Target
    from edgeood.scores.fused.network import fused_network

    # hls4ml knows no such interface; the recipe's own check is passed by.
    target = Target.model_construct(io_type="io_carrier_pigeon")
    images = random_images(1, 16)
    arguments = (target, "x", tmp_path / "project", tmp_path / "hls4ml.log", images)
    with pytest.raises(EdgeoodError, match=r"hls4ml could not convert the network .* see .*hls4ml\.log"):
        write_project(fused_network(quantized_run()), *arguments)


@pytest.mark.slow
def test_reference_network_on_fifty_pixels() -> None:
    from quantized_runs import REFERENCE

    run = quantized_run(network=REFERENCE, pixels=50)
    for score in ("max_logit", "mahalanobis_diagonal"):
        to(run, "vitis", score=score)
        images = np.concatenate(
            [random_images(40, 50), corner_inputs((1, 50, 50), run.recipe.quantization.input)[::8]]
        )
        np.testing.assert_array_equal(open_csim(run, score)(images), open_network(run, score)(images))
