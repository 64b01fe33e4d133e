"""Runs of ParticleNet-lite that are small enough to be simulated and synthesised in seconds."""

from quantized_runs import quantized_run

from edgeood.fixed_point import FixedPoint
from edgeood.recipe import EdgeBlock, ParticleNetLite, Quantization, TriggerCandidates
from edgeood.run import Run

SCORES = ("max_logit", "mahalanobis_diagonal")
NETWORK = ParticleNetLite(neighbours=2, blocks=(EdgeBlock(edge=3, nodes=(3,)),), hidden=(), representation=3)


def narrow_run(toolkit: str = "brevitas", mass_blind: bool = False) -> Run:
    """Four candidates, a few bits; made once per test session; do not change it but for exports."""
    types = Quantization(
        toolkit=toolkit,
        input=FixedPoint(15, 4),
        weights=FixedPoint(4, 0),
        activations=FixedPoint(5, 2, False),
        edges=FixedPoint(6, 3),
        pooled=FixedPoint(6, 2, False),
        representation=FixedPoint(6, 3),
    )
    inputs = TriggerCandidates(constituents=4)
    return quantized_run(network=NETWORK, inputs=inputs, quantization=types, mass_blind=mass_blind)


def smallest_run() -> Run:
    """Two candidates: synthesised in seconds."""
    types = Quantization(
        toolkit="brevitas",
        input=FixedPoint(9, 3),
        weights=FixedPoint(3, 0),
        activations=FixedPoint(3, 2, False),
        edges=FixedPoint(4, 2),
        pooled=FixedPoint(3, 1, False),
        representation=FixedPoint(4, 2),
    )
    network = ParticleNetLite(neighbours=1, blocks=(EdgeBlock(edge=2),), hidden=(), representation=2)
    return quantized_run(
        network=network, inputs=TriggerCandidates(constituents=2, pt_bits=8, angle_bits=8), quantization=types
    )
