"""Integer scoring on the CPU: the reference's bits, for every network, type, instruction set and number of jets."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from plain_twins import (
    CANDIDATE_TYPE,
    TWO_BLOCKS,
    WIDE_CANDIDATES,
    candidates,
    cnn_graph,
    particlenet_graph,
    scores_for,
)
from quantized_runs import SIGNED, STRIDED, TINY, WIDE, quantized_run, random_images

from edgeood.errors import EdgeoodError
from edgeood.export.cpu.source import scorer_source
from edgeood.files.cache import cache_folder
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.graph import FixedGraph
from edgeood.recipe import CNN, Block, EdgeBlock, Quantization
from edgeood.resources import firmware_folder
from edgeood.runtime.cpu import Cpu, compile_scorer, open_cpu
from edgeood.runtime.network import open_network
from edgeood.runtime.parity.corners import corner_inputs
from edgeood.scores.fused import FusedScore
from edgeood.scores.fused.network import FusedNetwork

pytestmark = pytest.mark.firmware

# 13 channels are no multiple of any block of them; windows of 3 leave a row and a column out.
ODD = CNN(blocks=(Block(filters=13, kernel=2, pool=3),), hidden=(33,), representation=3)
COARSE_INPUT = Quantization(
    input=FixedPoint(6, 9),
    activations=FixedPoint(16, 4, False),
    representation=FixedPoint(9, 8),
)
"""Steps above one, activations that need 17 bits with a sign, a representation coarser than its sums."""
FINE_ACTIVATIONS = Quantization(weights=FixedPoint(4, 3), activations=FixedPoint(14, 0, False))
"""Steps finer than those of the sums."""
GRAPHS = {
    "cnn": lambda: cnn_graph(TINY),
    "strided": lambda: cnn_graph(STRIDED),
    "odd": lambda: cnn_graph(ODD, pixels=11),
    "signed": lambda: cnn_graph(TINY, quantization=SIGNED),
    "wide": lambda: cnn_graph(TINY, quantization=WIDE),
    "coarse": lambda: cnn_graph(TINY, quantization=COARSE_INPUT),
    "fine": lambda: cnn_graph(TINY, quantization=FINE_ACTIVATIONS),
    "particlenet": lambda: particlenet_graph(),
    "two graphs": lambda: particlenet_graph(
        constituents=16, neighbours=5, blocks=TWO_BLOCKS, dynamic=5, identity=True
    ),
    "no nodes": lambda: particlenet_graph(constituents=2, neighbours=1, blocks=(EdgeBlock(edge=3),)),
    "wide particlenet": lambda: particlenet_graph(
        blocks=TWO_BLOCKS, dynamic=5, quantization=WIDE_CANDIDATES, angle_bits=12
    ),
    "input of 16 bits": lambda: particlenet_graph(quantization=Quantization(input=FixedPoint(16, 5))),
    "edges of 16 bits": lambda: particlenet_graph(
        quantization=Quantization(input=CANDIDATE_TYPE, edges=FixedPoint(16, 4))
    ),
}


def jets_for(graph: FixedGraph) -> np.ndarray:
    """Jets, and inputs where rounding, saturation or ties would go wrong first; an odd number of them."""
    corners = corner_inputs(graph.shape, graph.input_type)
    if len(graph.shape) == 2:
        jets = np.concatenate([candidates(400, graph), corners])
    else:
        jets = np.concatenate([random_images(100, graph.shape[1]) * graph.input_type.high, corners])
    return jets[: len(jets) // 2 * 2 - 1]


def reference(graph: FixedGraph, jets: np.ndarray) -> tuple[dict[str, FusedScore], dict[str, np.ndarray]]:
    outputs = exact_outputs(graph, jets)
    scores = scores_for(graph, outputs)
    return scores, {name: score(outputs.representation, outputs.logits) for name, score in scores.items()}


def infinities(shape: tuple[int, ...]) -> np.ndarray:
    return np.stack([np.full(shape, np.inf), np.full(shape, -np.inf)]).astype(np.float32)


@pytest.mark.parametrize("graph_name", GRAPHS)
def test_scores_are_the_reference_to_the_last_bit(graph_name: str, tmp_path: Path) -> None:
    graph = GRAPHS[graph_name]()
    jets = jets_for(graph)
    scores, expected = reference(graph, jets)
    for name, score in scores.items():
        engine = Cpu(compile_scorer(scorer_source(FusedNetwork(graph, score), graph_name), tmp_path))
        assert len(np.unique(expected[name])) > 40
        np.testing.assert_array_equal(engine(jets), expected[name])


def test_wide_numbers_are_computed_wide_and_usual_ones_are_not() -> None:
    def text(graph: FixedGraph) -> str:
        scores, _ = reference(graph, jets_for(graph))
        return scorer_source(FusedNetwork(graph, scores["max_logit"]), "types")

    usual = text(GRAPHS["cnn"]()) + text(GRAPHS["particlenet"]())
    assert "int64_t sum_t" not in usual
    assert "int32_t output_t" not in usual.replace("logits", "").split("struct representation_layer")[0]
    assert "int64_t sum_t" in text(GRAPHS["wide particlenet"]())
    assert "int32_t output_t" in text(GRAPHS["coarse"]())
    assert "int32_t edge_t" in text(GRAPHS["edges of 16 bits"]())


@pytest.mark.parametrize("graph_name", ["cnn", "two graphs"])
def test_any_number_of_jets_has_the_same_scores(graph_name: str, tmp_path: Path) -> None:
    graph = GRAPHS[graph_name]()
    jets = jets_for(graph)
    scores, expected = reference(graph, jets)
    library = compile_scorer(
        scorer_source(FusedNetwork(graph, scores["mahalanobis_diagonal"]), graph_name), tmp_path
    )
    engine = Cpu(library)
    for count in (0, 1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65):
        np.testing.assert_array_equal(engine(jets[:count]), expected["mahalanobis_diagonal"][:count])
    # Not aligned, not contiguous, of another type.
    np.testing.assert_array_equal(
        engine(jets[1::3].astype(np.float64)), expected["mahalanobis_diagonal"][1::3]
    )
    many = np.tile(jets, (12, *(1 for _ in graph.shape)))
    np.testing.assert_array_equal(
        Cpu(library, threads=3)(many), np.tile(expected["mahalanobis_diagonal"], 12)
    )
    with pytest.raises(EdgeoodError, match="scores jets of"):
        engine(jets[:, :, :1])


@pytest.mark.parametrize("graph_name", ["cnn", "coarse", "particlenet"])
def test_infinities_saturate_and_nan_has_no_score(graph_name: str, tmp_path: Path) -> None:
    graph = GRAPHS[graph_name]()
    jets = np.concatenate([jets_for(graph)[:40], infinities(graph.shape)])
    scores, expected = reference(graph, jets)
    engine = Cpu(
        compile_scorer(scorer_source(FusedNetwork(graph, scores["max_logit"]), graph_name), tmp_path)
    )
    np.testing.assert_array_equal(engine(jets), expected["max_logit"])
    for where in (0, np.prod(graph.shape) - 1):
        spoilt = jets.copy()
        spoilt.reshape(len(jets), -1)[[3, 35], where] = np.nan
        found = engine(spoilt)
        assert np.isnan(found[[3, 35]]).all()
        np.testing.assert_array_equal(np.delete(found, [3, 35]), np.delete(expected["max_logit"], [3, 35]))


@pytest.mark.slow
@pytest.mark.parametrize("graph_name", ["cnn", "odd", "wide", "two graphs", "wide particlenet"])
@pytest.mark.parametrize("instructions", ["x86-64", "x86-64-v3", "x86-64-v4"])
def test_every_instruction_set_computes_the_same(graph_name: str, instructions: str, tmp_path: Path) -> None:
    needed = {"x86-64": "sse2", "x86-64-v3": "avx2", "x86-64-v4": "avx512bw"}[instructions]
    information = Path("/proc/cpuinfo")
    if not information.exists() or f" {needed}" not in information.read_text(encoding="utf-8"):
        pytest.skip(f"this CPU has no {needed}")
    graph = GRAPHS[graph_name]()
    jets = jets_for(graph)
    scores, expected = reference(graph, jets)
    source = scorer_source(FusedNetwork(graph, scores["max_logit"]), graph_name)
    library = compile_scorer(source, tmp_path, native=False, flags=[f"-march={instructions}"])
    np.testing.assert_array_equal(Cpu(library)(jets), expected["max_logit"])


PROGRAM = """
#include <cstdio>
#include <vector>
int main() {
    std::vector<float> inputs;
    for (float value; std::fread(&value, sizeof value, 1, stdin) == 1;)
        inputs.push_back(value);
    std::vector<double> scores(inputs.size() / edgeood_inputs());
    if (!edgeood_score(inputs.data(), scores.data(), static_cast<int64_t>(scores.size())))
        return 1;
    std::fwrite(scores.data(), sizeof(double), scores.size(), stdout);
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("graph_name", ["odd", "wide", "two graphs", "wide particlenet"])
def test_sanitizers_find_nothing(graph_name: str, tmp_path: Path) -> None:
    graph = GRAPHS[graph_name]()
    jets = np.concatenate([jets_for(graph), infinities(graph.shape)])
    scores, expected = reference(graph, jets)
    for name, score in scores.items():
        source = scorer_source(FusedNetwork(graph, score), graph_name) + PROGRAM
        flags = "-std=c++17 -O1 -march=native -Wall -Wextra -Wno-psabi -Werror -fno-sanitize-recover=all"
        command = ["g++", *flags.split(), "-fsanitize=address,undefined", f"-I{firmware_folder() / 'cpu'}"]
        program = tmp_path / f"{name}.out"
        subprocess.run([*command, "-x", "c++", "-", "-o", program], input=source, check=True, text=True)
        done = subprocess.run([program], input=jets.tobytes(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        np.testing.assert_array_equal(np.frombuffer(done.stdout), expected[name])


@pytest.mark.parametrize("score", ["max_logit", "mahalanobis_diagonal"])
def test_a_run_is_scored_as_its_network_scores_it(score: str) -> None:
    run = quantized_run()
    images = np.concatenate(
        [random_images(150, 16), corner_inputs((1, 16, 16), run.recipe.quantization.input)]
    )
    engine, network = open_cpu(run, score), open_network(run, score)
    assert engine.threshold == network.threshold
    np.testing.assert_array_equal(engine(images), network(images))
    before = engine.library.stat().st_mtime_ns
    assert open_cpu(run, score).library == engine.library
    assert engine.library.stat().st_mtime_ns == before
    assert engine.library.parent == cache_folder("cpu")
    assert engine.library.with_suffix(".cpp").is_file()


def test_unknown_scores_and_a_missing_compiler_are_told(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(EdgeoodError, match="has no fitted score 'max_logits'; did you mean 'max_logit'"):
        open_cpu(quantized_run(), "max_logits")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EdgeoodError, match=r"needs g\+\+, which is not on PATH; install it"):
        compile_scorer("", tmp_path)


def test_numbers_beyond_64_bits_are_refused_with_their_place() -> None:
    graph = cnn_graph(TINY, quantization=Quantization(weights=FixedPoint(6, -60)))
    scores = scores_for(GRAPHS["cnn"](), exact_outputs(GRAPHS["cnn"](), random_images(50, 16)))
    with pytest.raises(EdgeoodError, match=r"'conv0' needs integers of \d+ bits, more than the 64 of a CPU"):
        scorer_source(FusedNetwork(graph, scores["max_logit"]), "fine")


def test_failing_compilation_leaves_a_log_and_no_library(tmp_path: Path) -> None:
    with pytest.raises(EdgeoodError, match=r"g\+\+ could not compile .*\.cpp; see .*\.log"):
        compile_scorer("#error out of order\n", tmp_path)
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".cpp", ".log"]
    assert "out of order" in next(tmp_path.glob("*.log")).read_text(encoding="utf-8")


def test_a_damaged_library_is_told(tmp_path: Path) -> None:
    library = tmp_path / "score.so"
    library.write_bytes(b"no library")
    with pytest.raises(EdgeoodError, match=r"score\.so cannot be loaded \(.*\); delete it"):
        Cpu(library)
