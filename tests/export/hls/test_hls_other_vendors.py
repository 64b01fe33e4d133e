"""Projects for Intel HLS and Catapult: exact, checking themselves, at home on any machine."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import SIGNED, STRIDED, WIDE, quantized_run, random_images

from edgeood.errors import EdgeoodError
from edgeood.export import to
from edgeood.export.hls.vendors import counter_type, exact_type, rounded_type
from edgeood.export.record import read_record
from edgeood.fixed_point import FixedPoint
from edgeood.hardware.vendor_tools import build_report
from edgeood.recipe import Target
from edgeood.run import Run
from edgeood.runtime import open_engine
from edgeood.runtime.csim import INCLUDES
from edgeood.runtime.network import open_network
from edgeood.runtime.parity.corners import corner_inputs

pytestmark = pytest.mark.firmware

SETTINGS = {
    "stream": {},
    "parallel": {"io_type": "io_parallel"},
    "resource": {"strategy": "resource", "reuse_factor": 3},
    "resource, parallel": {"strategy": "resource", "reuse_factor": 3, "io_type": "io_parallel"},
    "wide": {"quantization": WIDE, "io_type": "io_parallel"},
    "strided, linear representation": {"network": STRIDED, "quantization": SIGNED},
    "blind": {"mass_blind": True},
}
OTHERS = ("quartus", "catapult")


@cache
def project_of(target: str, name: str, score: str = "mahalanobis_diagonal") -> tuple[Run, Path, dict]:
    run = quantized_run(**SETTINGS[name])
    path = to(run, target, score=score)
    return run, path, read_record(run, score)["artefacts"][target]


def test_types_are_spelled_as_the_compilers_want_them() -> None:
    signed, unsigned = FixedPoint(10, 3), FixedPoint(8, 0, False)
    assert exact_type(signed) == "ap_fixed<10, 4>"
    assert exact_type(signed, "intel") == exact_type(signed, "siemens") == "ac_fixed<10, 4, true>"
    assert rounded_type(unsigned) == unsigned.hls_type == "ap_ufixed<8,0,AP_RND_CONV,AP_SAT>"
    assert rounded_type(unsigned, "siemens") == "ac_fixed<8, 0, false, AC_RND_CONV, AC_SAT>"
    assert (counter_type(3), counter_type(3, "intel")) == ("ap_uint<3>", "ac_int<3, false>")


@pytest.mark.parametrize("target", OTHERS)
@pytest.mark.parametrize("name", SETTINGS)
def test_csim_equals_the_network(name: str, target: str) -> None:
    run, _, _ = project_of(target, name)
    input_type = run.recipe.quantization.input
    images = np.concatenate([random_images(60, 16), corner_inputs((1, 16, 16), input_type)])
    expected = open_network(run, "mahalanobis_diagonal")(images)
    found = open_engine(run, f"{target}_csim", "mahalanobis_diagonal")(images)
    np.testing.assert_array_equal(found, expected)
    assert np.unique(expected).size > 40


@pytest.mark.parametrize("target", OTHERS)
@pytest.mark.parametrize("name", ["stream", "parallel", "blind"])
def test_test_bench_checks_itself(name: str, target: str, tmp_path: Path) -> None:
    _, path, about = project_of(target, name)
    folder = shutil.copytree(path, tmp_path / "project")
    sources = [f"{about['project']}_test.cpp", f"firmware/{about['project']}.cpp"]
    command = ["g++", "-std=c++17", "-O1", "-w", *INCLUDES, *sources, "-o", tmp_path / "bench"]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run(["./bench", folder], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "0 mismatches in 16 vectors\n"), done.stderr
    vectors = folder / "tb_data" / "expected_integers.dat"
    assert (folder / "tb_data" / "csim_results.log").read_text() == vectors.read_text()
    (first, *decision), rest = (
        vectors.read_text().split("\n", 1)[0].split(),
        vectors.read_text().split("\n", 1)[1],
    )
    vectors.write_text(f"{' '.join([str(int(first) + 1), *decision])}\n{rest}")
    done = subprocess.run([tmp_path / "bench"], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"vector 1: {first} instead of {int(first) + 1}" in done.stderr
    inputs = folder / "tb_data" / "tb_input_features.dat"
    inputs.write_text(inputs.read_text().split(" ", 1)[0])
    done = subprocess.run([tmp_path / "bench"], cwd=folder, capture_output=True, text=True)
    assert "vector 1 of tb_data/ is incomplete" in done.stderr


@pytest.mark.parametrize("target", OTHERS)
def test_projects_are_self_contained(target: str) -> None:
    run, path, about = project_of(target, "stream")
    for file in path.rglob("*"):
        if file.is_file():
            assert str(run.path) not in file.read_text(errors="replace"), file
    assert not list(path.parent.glob("*.tar.gz"))
    vendor = (path / "firmware" / "nnet_utils" / "nnet_edgeood_vendor.h").read_text()
    assert "namespace vendor" in vendor
    assert "ac_fixed<BITS, INTEGER, true>" in vendor
    assert "namespace" not in about
    readme = (path / "README.md").read_text()
    assert f"`edgeood verify RUN jets.h5 --engines network,{target}_csim`" in readme
    assert "Top function `tiny_twin_1`" in readme
    assert about["input"] == "ac_fixed<8, 0, false, AC_RND_CONV, AC_SAT>"
    assert f"| input | `{about['input']}` |" in readme
    assert "@" not in readme
    headers = list((path / "firmware" / "weights").glob("*.h"))
    assert len(headers) == 10  # weights and biases of 4 layers, means and inverse variances
    for header in headers:
        text = header.read_text()
        assert len(re.findall(r"\{-?[\d.]+, ", text)) == 1, header
        assert text.count("= EDGEOOD_VALUES;") == 2, header


def test_intel_projects_are_for_a_device_of_intel() -> None:
    assert Target().part.startswith("xc")
    _, path, _ = project_of("quartus", "stream")
    assert "DEVICE   := Arria10\n" in (path / "Makefile").read_text()
    assert "Target: Arria10, 5.0 ns" in (path / "README.md").read_text()


def test_catapult_projects_keep_the_part() -> None:
    _, path, _ = project_of("catapult", "stream")
    script = (path / "build_prj.tcl").read_text()
    assert f"setup_xilinx_part {{{Target().part}}}" in script
    assert "set hls_clock_period 5.0" in script
    assert 'INVOKE_ARGS "$sfd"\n' in script


@pytest.mark.parametrize("target", OTHERS)
def test_their_tools_are_not_run_from_here(target: str) -> None:
    _, path, _ = project_of(target, "stream")
    with pytest.raises(EdgeoodError, match=r"build one with `--target vitis or vivado`, and those of other"):
        build_report(path)
