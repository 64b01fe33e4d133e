"""The hand-written HLS headers against plain integers, compiled with g++ and its sanitizers."""

import shutil
import subprocess
from pathlib import Path

import pytest

from edgeood.resources import firmware_folder

# Vivado HLS compiles as C++11.
FLAGS = [
    *("-std=c++11", "-O1", "-g", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"),
    # ap_types and ac_types shift signed numbers left, which C++11 leaves undefined.
    "-fno-sanitize=shift",
    *("-Wall", "-Wextra", "-Wconversion", "-Werror"),
    # Pragmas and loop labels are for Vitis; the others are about the types' own zero initialisation.
    *("-Wno-unknown-pragmas", "-Wno-unused-label", "-Wno-uninitialized", "-Wno-maybe-uninitialized"),
]

pytestmark = pytest.mark.firmware

BENCHES = Path(__file__).parent


# hls4ml's headers for each vendor's compilers.
HEADERS = {
    "amd": ("vivado/ap_types", "vivado", "vivado/nnet_utils"),
    "intel": ("quartus/ac_types", "quartus/firmware", "quartus/firmware/nnet_utils"),
    "siemens": ("catapult/ac_types/include", "catapult/nnet_utils"),
}


def run_bench(
    source: Path, bench: Path, flags: list[str], vendor: str = "amd"
) -> subprocess.CompletedProcess[str]:
    """Compile a test bench with hls4ml's types and run it."""
    import hls4ml

    templates = Path(hls4ml.__file__).parent / "templates"
    include = [f"-I{firmware_folder() / vendor}", f"-I{firmware_folder()}", f"-I{BENCHES}"]
    include += [f"-isystem{templates / folder}" for folder in HEADERS[vendor]]
    subprocess.run(["g++", *flags, *include, source, "-o", bench], check=True)
    return subprocess.run([bench], capture_output=True, text=True)


@pytest.mark.parametrize("vendor", HEADERS)
@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (
            "test_fused_scores.cpp",
            [
                "diagonal_mahalanobis: 0 mismatches in 2000 vectors",
                "max_logit: 0 mismatches in 2000 vectors",
            ],
        ),
        (
            "test_constituents.cpp",
            ["knn_gather: 0 mismatches in 1350 jets", "constituent_mean: 0 mismatches in 1350 jets"],
        ),
    ],
)
def test_headers_equal_integer_arithmetic(source: str, lines: list[str], vendor: str, tmp_path: Path) -> None:
    done = run_bench(BENCHES / source, tmp_path / "bench", FLAGS, vendor)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == lines


@pytest.mark.parametrize(
    ("correct", "wrong", "line"),
    [
        ("distance[m] <= distance[j]", "distance[m] < distance[j]", "knn_gather"),
        ("lonely && j == i", "lonely && j < i", "knn_gather"),
        ("valid[j] && j != i", "j != i", "knn_gather"),
        ("if (candidate[0] > 0)", "if (true)", "constituent_mean"),
    ],
)
def test_the_bench_finds_mistakes(correct: str, wrong: str, line: str, tmp_path: Path) -> None:
    """Ties, lonely constituents and padding all occur in the bench's jets."""
    header = "nnet_edgeood_constituents.h"
    text = (firmware_folder() / header).read_text(encoding="utf-8")
    assert text.count(correct) == 1
    (tmp_path / header).write_text(text.replace(correct, wrong), encoding="utf-8")
    source = shutil.copy(BENCHES / "test_constituents.cpp", tmp_path)
    done = run_bench(Path(source), tmp_path / "bench", ["-std=c++11", "-w"])
    assert done.returncode == 1
    counts = {
        name: int(rest.split()[0]) for name, rest in (one.split(": ") for one in done.stdout.splitlines())
    }
    assert counts[line] > 0
    assert sum(counts.values()) == counts[line]
