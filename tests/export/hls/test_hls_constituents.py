"""ParticleNet-lite as HLS, exact in C-simulation: interfaces, scores, compilers, static and dynamic graphs."""

import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from edgeood.errors import EdgeoodError
from edgeood.export.hls.constituent_layers import distance_types, gathered_type, sum_types
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import (
    INPUT,
    Constant,
    ConstituentMean,
    Dense,
    FixedGraph,
    KnnGather,
    Operation,
    Quantize,
)
from edgeood.fixed_point.types import smallest_type
from edgeood.recipe import Target
from edgeood.runtime.csim import CSim, compile_project
from edgeood.scores.fused import FusedScore
from edgeood.scores.fused.mahalanobis import fixed_point_mahalanobis
from edgeood.scores.fused.max_logit import FixedPointMaxLogit
from edgeood.scores.fused.network import FusedNetwork

CONSTITUENTS, FEATURES = 8, 3
WEIGHTS, BIASES, EDGES = FixedPoint(6, 0), FixedPoint(8, 1), FixedPoint(10, 3)
ACTIVATIONS, POOLED = FixedPoint(8, 2, False), FixedPoint(10, 2, False)
REPRESENTATION = FixedPoint(10, 3, False)


@cache
def particlenet(dynamic: int, neighbours: int = 3) -> FixedGraph:
    """Two blocks with random weights; the second graph in the space of the first ``dynamic`` channels, if any."""
    random = np.random.default_rng(5)
    operations: list[Operation] = []

    def add(operation: Operation) -> str:
        operations.append(operation)
        return operation.name

    def constant(shape: tuple[int, ...], fixed_type: FixedPoint, spread: float) -> Constant:
        return Constant(fixed_type.to_integers(random.normal(0, spread, shape)), fixed_type)

    def dense(name: str, x: str, sizes: tuple[int, int]) -> str:
        return add(Dense(name, (x,), constant(sizes, WEIGHTS, 0.6), constant(sizes[1:], BIASES, 0.4)))

    def activate(x: str, fixed_type: FixedPoint = ACTIVATIONS) -> str:
        return add(Quantize(f"{x}_{'edges' if fixed_type is EDGES else 'activation'}", (x,), fixed_type))

    entry = x = add(Quantize("input_quantizer", (INPUT,), FixedPoint(15, 4)))
    first, width = (entry, 1, 2, FixedPoint(9, 1)), FEATURES
    for i in range(2):
        edges = activate(dense(f"edge{i}", x, (width, 2 * 6)), EDGES)
        points, start, count, coordinate_type = (x, 0, dynamic, ACTIVATIONS) if i and dynamic else first
        gathered = add(
            KnnGather(f"edge{i}_maximum", (entry, points, edges), neighbours, start, count, coordinate_type)
        )
        x = add(Quantize(f"edge{i}_activation", (gathered,), ACTIVATIONS))
        x, width = activate(dense(f"node{i}_0", x, (6, 5))), 5
    x = activate(add(ConstituentMean("pool", (entry, x))), POOLED)
    x = activate(dense("dense0", x, (5, 7)))
    x = activate(dense("representation", x, (7, 4)), REPRESENTATION)
    logits = dense("logits", x, (4, 2))
    return FixedGraph((CONSTITUENTS, FEATURES), tuple(operations), x, logits)


def jets() -> np.ndarray:
    """(360, 8, 3) float32: any number of constituents, gaps, equal distances, and numbers that saturate."""
    random = np.random.default_rng(1)
    x = np.empty((360, CONSTITUENTS, FEATURES))
    x[..., 0] = random.integers(1, 2000, x.shape[:2]) * 2.0**-10
    x[..., 1:] = random.integers(-60, 60, (*x.shape[:2], 2)) * 2.0**-7
    x[60:120, :, 1:] = random.integers(-1, 2, (60, CONSTITUENTS, 2)) / 4
    x[120:180, :, 1:] *= 8
    x[180:200] = random.choice([-100.0, 100.0], (20, CONSTITUENTS, FEATURES))
    # Halfway between two steps of the input type.
    x[200:240] += random.integers(-1, 2, (40, CONSTITUENTS, FEATURES)) * 2.0**-11
    count = np.arange(len(x)) % (CONSTITUENTS + 1)
    empty = np.arange(CONSTITUENTS) >= count[:, None]
    empty[::2] = random.permuted(empty[::2], axis=1)
    x[empty] = 0
    return x.astype(np.float32)


def fused(score_name: str) -> FusedScore:
    if score_name == "max_logit":
        return FixedPointMaxLogit(
            smallest_type(-64, 63, REPRESENTATION.fraction + WEIGHTS.fraction, True), 0.5
        )
    mean, inverse_variance = np.array([[0.3, 1.2, 2.0, 0.1], [1.0, 0.2, 0.7, 3.1]]), np.full((2, 4), 1.5)
    return fixed_point_mahalanobis(mean, inverse_variance, 4.0, REPRESENTATION, 0.01)


def write(folder: Path, graph: FixedGraph, score: FusedScore, target: Target, backend: str) -> dict[str, str]:
    from edgeood.export.hls.project import write_project

    log = folder.parent / "hls4ml.log"
    return write_project(FusedNetwork(graph, score), target, "tiny", folder, log, jets()[:20], backend)


def test_exact_types() -> None:
    assert gathered_type(EDGES) == FixedPoint(11, 4)
    # Coordinates of −2 to 1.99…: differences up to 511 steps, two squares of 2^18 each.
    types = distance_types(FixedPoint(9, 1), 2)
    assert types == {"difference": FixedPoint(10, 2), "distance": FixedPoint(19, 5, False)}
    assert types["difference"].step == types["distance"].step ** 0.5 == 2.0**-7
    assert types["distance"].highest_integer >= 2 * 511**2 > FixedPoint(18, 4, False).highest_integer
    unsigned = distance_types(FixedPoint(8, 2, False), 3)
    assert unsigned == {"difference": FixedPoint(9, 2), "distance": FixedPoint(18, 6, False)}
    assert sum_types(ACTIVATIONS, 8) == (FixedPoint(11, 5, False), FixedPoint(11, 2, False))


RESOURCE = {"strategy": "resource", "reuse_factor": 3}


@pytest.mark.firmware
@pytest.mark.parametrize(
    ("dynamic", "io_type", "score_name", "backend", "settings"),
    [
        (0, "io_parallel", "max_logit", "Vitis", {}),
        (0, "io_stream", "mahalanobis_diagonal", "Vivado", {}),
        (3, "io_parallel", "mahalanobis_diagonal", "Vivado", {}),
        (3, "io_stream", "max_logit", "Vitis", {}),
        (3, "io_parallel", "max_logit", "Quartus", {}),
        (0, "io_stream", "mahalanobis_diagonal", "Quartus", {}),
        (0, "io_parallel", "mahalanobis_diagonal", "Catapult", {}),
        (3, "io_stream", "max_logit", "Catapult", {}),
        pytest.param(0, "io_stream", "max_logit", "Vitis", RESOURCE, marks=pytest.mark.slow),
        pytest.param(3, "io_parallel", "mahalanobis_diagonal", "Vitis", RESOURCE, marks=pytest.mark.slow),
        pytest.param(0, "io_parallel", "mahalanobis_diagonal", "Vitis", {}, marks=pytest.mark.slow),
        pytest.param(3, "io_stream", "mahalanobis_diagonal", "Vitis", {}, marks=pytest.mark.slow),
    ],
)
def test_csim_equals_the_fixed_point_graph(
    dynamic: int, io_type: str, score_name: str, backend: str, settings: dict, tmp_path: Path
) -> None:
    graph, inputs = particlenet(dynamic), jets()
    score = fused(score_name)
    outputs = exact_outputs(graph, inputs)
    about = write(tmp_path / "p", graph, score, Target(io_type=io_type, **settings), backend)
    spelled = "ap_fixed<15,5,AP_RND_CONV,AP_SAT>", "ac_fixed<15, 5, true, AC_RND_CONV, AC_SAT>"
    assert about["input"] == spelled[backend in ("Quartus", "Catapult")]
    library = compile_project(tmp_path / "p", about["project"], tmp_path)
    found = CSim(library, about["project"], workers=2)(inputs)
    np.testing.assert_array_equal(found, score(outputs.representation, outputs.logits))
    assert np.unique(found).size > 100


@pytest.mark.firmware
def test_projects_are_complete(tmp_path: Path) -> None:
    graph = particlenet(3)
    score, folder = fused("max_logit"), tmp_path / "p"
    target = Target(part="xcku115-flvb2104-2-i", clock_ns=2.5, io_type="io_stream")
    write(folder, graph, score, target, "Vivado")
    script = (folder / "project.tcl").read_text()
    assert 'set part "xcku115-flvb2104-2-i"' in script
    assert "set clock_period 2.5" in script
    assert 'set backend "vivado"' in script
    readme = (folder / "README.md").read_text()
    assert "vivado_hls -f build_prj.tcl" in readme
    assert "8 candidates of 3 numbers" in readme
    assert "every 16 cycles (40 ns)" in readme
    assert "| edge1_maximum | 8 × 6 |  | `fixed<11,5,TRN,WRAP,0>` |" in readme
    for header in ("nnet_edgeood_constituents.h", "nnet_edgeood_score.h"):
        assert (folder / "firmware" / "nnet_utils" / header).is_file()

    command = ["g++", "-std=c++11", "-O0", "-w", "-I.", "-Ifirmware/ap_types", "tiny_test.cpp"]
    subprocess.run([*command, "firmware/tiny.cpp", "-o", "bench"], cwd=folder, check=True)
    done = subprocess.run(["./bench"], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "0 mismatches in 20 vectors\n"), done.stderr
    vectors = folder / "tb_data" / "expected_integers.dat"
    lines = vectors.read_text().splitlines()
    vectors.write_text("\n".join([*lines[:4], str(int(lines[4]) + 1), *lines[5:]]) + "\n")
    done = subprocess.run(["./bench"], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "vector 5:" in done.stderr
    assert len((folder / "tb_data" / "csim_results.log").read_text().splitlines()) == 5
    vectors.write_text("\n".join(lines[:4]))
    done = subprocess.run(["./bench"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "vector 5 of tb_data/ is incomplete" in done.stderr


@pytest.mark.firmware
def test_types_that_lose_bits_are_refused(tmp_path: Path) -> None:
    graph = particlenet(0)
    narrow = FixedPointMaxLogit(FixedPoint(12, 5), 0.0)
    with pytest.raises(
        EdgeoodError, match=r"'score' has values .* the chosen type ap_fixed<13,7> loses bits"
    ):
        write(tmp_path / "p", graph, narrow, Target(), "Vitis")
