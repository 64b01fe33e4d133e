"""The proof holds for what any input gives, and refuses types that are one bit too narrow, naming the layer."""

import json

import numpy as np
import pytest
from exact_fractions import tensors_of
from plain_twins import (
    CANDIDATE_TYPE,
    TWO_BLOCKS,
    candidates,
    corner_candidates,
    particlenet_graph,
    scores_for,
)

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint
from edgeood.fixed_point.evaluation import exact_outputs
from edgeood.fixed_point.ranges import ranges
from edgeood.recipe import Quantization
from edgeood.scores.fused.mahalanobis import FixedPointMahalanobis
from edgeood.scores.fused.max_logit import FixedPointMaxLogit
from edgeood.scores.fused.network import FusedNetwork
from edgeood.scores.fused.proof import prove
from edgeood.scores.fused.ranges import score_ranges

GRAPH = particlenet_graph(blocks=TWO_BLOCKS, dynamic=4)
INPUTS = np.concatenate([candidates(200, GRAPH), corner_candidates(GRAPH)])
OUTPUTS = exact_outputs(GRAPH, INPUTS)
SCORES = scores_for(GRAPH, OUTPUTS)
PARTS = [
    "edge0",
    "edge0_maximum",
    "edge0_maximum.difference",
    "edge1_maximum.distance",
    "node0_0",
    "pool",
    "dense0",
    "representation",
    "score.sum",
]


@pytest.mark.parametrize("score_name", SCORES)
def test_the_report_holds_every_range(score_name: str) -> None:
    report = prove(FusedNetwork(GRAPH, SCORES[score_name]))
    assert set(ranges(GRAPH)) < set(report)
    for jet in INPUTS[-20:]:
        for name, values in tensors_of(GRAPH, jet).items():
            if name in report:
                steps = values * 2 ** report[name]["fraction"]
                assert report[name]["low"] <= steps.min()
                assert steps.max() <= report[name]["high"]
    scores = SCORES[score_name](*OUTPUTS) * 2.0 ** report["score"]["fraction"]
    assert report["score"]["low"] <= scores.min() < scores.max() <= report["score"]["high"]
    assert json.loads(json.dumps(report)) == report


def test_inner_numbers_of_the_mahalanobis_score_stay_inside() -> None:
    score = SCORES["mahalanobis_diagonal"]
    assert isinstance(score, FixedPointMahalanobis)
    known = ranges(GRAPH)
    inner = score_ranges(score, known, GRAPH)
    # The farthest corners of the representation's own range, and what the network gives.
    corners = np.array([known[GRAPH.representation].low, known[GRAPH.representation].high], np.float64)
    rows = np.concatenate([OUTPUTS.representation, corners * score.representation_type.step])
    for row in rows:
        difference = row - score.mean * score.mean_type.step
        square = np.floor(difference**2 / score.square_type.step) * score.square_type.step
        product = square * score.inverse_variance * score.inverse_variance_type.step
        kept = np.floor(product / score.product_type.step) * score.product_type.step
        found = {
            "difference": difference,
            "square": difference**2,
            "square_kept": square,
            "product": product,
            "product_kept": kept,
            "sum": kept.sum(axis=1),
        }
        for name, values in found.items():
            one = inner[f"score.{name}"]
            steps = values * 2.0**one.fraction
            assert (one.low.astype(float) <= steps).all(), name
            assert (steps <= one.high.astype(float)).all(), name
    farthest = np.abs(corners * score.representation_type.step - (score.mean * score.mean_type.step)[:, None])
    assert inner["score.square"].highest == (farthest.max() * 2**score.difference_type.fraction) ** 2


@pytest.mark.parametrize("name", PARTS)
def test_one_bit_less_is_refused(name: str) -> None:
    score = SCORES["mahalanobis_diagonal"]
    known = ranges(GRAPH)
    known |= score_ranges(score, known, GRAPH)
    partial = known.get(f"{name}.partial", known[name])
    bits = max(known[name].bits, partial.bits)
    signed = min(known[name].lowest, partial.lowest) < 0
    fraction = known[name].fraction
    enough = FixedPoint(bits, bits - signed - fraction, signed)
    assert prove(FusedNetwork(GRAPH, score), {name: enough})[name]["type"].startswith(
        "ap_fixed" if signed else "ap_ufixed"
    )
    layer = name.partition(".")[0]
    narrow = FixedPoint(bits - 1, enough.integer - 1, signed)
    with pytest.raises(EdgeoodError, match=f"layer '{layer}'.*can wrap"):
        prove(FusedNetwork(GRAPH, score), {name: narrow})
    coarse = FixedPoint(bits, enough.integer + 1, signed)
    with pytest.raises(EdgeoodError, match=f"layer '{layer}'.*loses bits"):
        prove(FusedNetwork(GRAPH, score), {name: coarse})


def test_a_score_type_too_narrow_is_refused() -> None:
    logits_type = ranges(GRAPH)["logits"].type
    assert prove(FusedNetwork(GRAPH, FixedPointMaxLogit(logits_type, 0.0)))
    narrow = FixedPoint(logits_type.bits - 1, logits_type.integer - 1)
    with pytest.raises(EdgeoodError, match=r"layer 'logits'.*can wrap"):
        prove(FusedNetwork(GRAPH, FixedPointMaxLogit(narrow, 0.0)))


def test_a_name_without_range_is_refused() -> None:
    with pytest.raises(EdgeoodError, match="no range is known of 'nothing'"):
        prove(FusedNetwork(GRAPH, SCORES["max_logit"]), {"nothing": FixedPoint(8, 0)})


def test_more_than_53_bits_are_refused() -> None:
    graph = particlenet_graph(quantization=Quantization(input=CANDIDATE_TYPE, biases=FixedPoint(24, -40)))
    with pytest.raises(EdgeoodError, match=r"layer 'edge0'.* more than the 53"):
        prove(FusedNetwork(graph, SCORES["max_logit"]))
