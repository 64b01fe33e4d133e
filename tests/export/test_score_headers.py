"""The hand-written HLS headers against plain integers, compiled with g++ and its sanitizers."""

import subprocess
from pathlib import Path

import pytest

from edgeood.resources import firmware_folder

FLAGS = [
    *("-std=c++14", "-O1", "-g", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"),
    # ap_types extends signs by shifting signed numbers left, which C++14 leaves undefined.
    "-fno-sanitize=shift",
    *("-Wall", "-Wextra", "-Wconversion", "-Werror"),
    # Pragmas and loop labels are for Vitis; the others are about ap_types' own zero initialisation.
    *("-Wno-unknown-pragmas", "-Wno-unused-label", "-Wno-uninitialized", "-Wno-maybe-uninitialized"),
]


@pytest.mark.firmware
def test_fused_scores_equal_integer_arithmetic(tmp_path: Path) -> None:
    import hls4ml

    templates = Path(hls4ml.__file__).parent / "templates" / "vivado"
    bench = tmp_path / "bench"
    include = [f"-isystem{templates / folder}" for folder in ("ap_types", "", "nnet_utils")]
    source = firmware_folder() / "test_fused_scores.cpp"
    subprocess.run(["g++", *FLAGS, *include, source, "-o", bench], check=True)
    done = subprocess.run([bench], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        "diagonal_mahalanobis: 0 mismatches in 2000 vectors",
        "max_logit: 0 mismatches in 2000 vectors",
    ]
