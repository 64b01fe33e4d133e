"""Run directories of quantized networks with random weights: everything that export and runtime need."""

import functools
import tempfile
from pathlib import Path

import numpy as np

from edgeood.fixed_point import FixedPoint
from edgeood.inputs import inputs_of
from edgeood.jets.format import CONSTITUENT_DTYPE, JET_DTYPE, Jets, write_jets
from edgeood.recipe import (
    CNN,
    Block,
    Data,
    EdgeBlock,
    Images,
    ParticleNetLite,
    Quantization,
    Recipe,
    Score,
    Target,
    TriggerCandidates,
)
from edgeood.run import Run
from edgeood.scores.fused import FUSED_SCORES
from edgeood.scores.fused.mass_blind import MASS_TYPE, Tables
from edgeood.scores.fused.network import fused_network

TINY = CNN(blocks=(Block(filters=3, pool=2), Block(filters=4, pool=2)), hidden=(9,), representation=5)
REFERENCE = CNN(blocks=(Block(filters=4, pool=3), Block(filters=8, pool=4)), representation=20)
DATA = Data(classes={"qcd": ("quark", "gluon"), "wz": ("w_1tev",)})

# Sums of more than 24 bits in the convolutions and in the dense layers.
WIDE = Quantization(
    input=FixedPoint(10, 0, False),
    weights=FixedPoint(14, 1),
    biases=FixedPoint(16, 2),
    activations=FixedPoint(14, 4, False),
    representation=FixedPoint(12, 4, False),
)
SIGNED = Quantization(input=FixedPoint(7, 0), representation=FixedPoint(10, 3))
STRIDED = CNN(
    blocks=(Block(filters=3, kernel=4, stride=2), Block(filters=4, kernel=2, pool=2)), representation=5
)

LITE = ParticleNetLite(
    neighbours=3,
    blocks=(EdgeBlock(edge=6, nodes=(5,)), EdgeBlock(edge=4)),
    dynamic=3,
    hidden=(6,),
    representation=4,
)
CANDIDATES = TriggerCandidates(constituents=8)


def on_candidates(toolkit: str = "qkeras") -> Quantization:
    """Types for ParticleNet-lite."""
    return Quantization(
        toolkit=toolkit, input=FixedPoint(15, 4), weights=FixedPoint(6, 1), representation=FixedPoint(8, 3)
    )


def random_images(count: int, pixels: int, seed: int = 1) -> np.ndarray:
    """(count, 1, pixels, pixels) float32: mostly dark, as jets are."""
    return (np.random.default_rng(seed).random((count, 1, pixels, pixels)) ** 8).astype(np.float32)


def random_jets(count: int, seed: int = 3) -> Jets:
    """Jets of 30 constituents around random axes."""
    random = np.random.default_rng(seed)
    jets, parts = np.zeros(count, JET_DTYPE), np.zeros((count, 30), CONSTITUENT_DTYPE)
    jets["pt"], jets["event"] = 1000, np.arange(count)
    jets["mass"] = np.random.default_rng(seed + 1).uniform(5, 400, count)
    jets["eta"], jets["phi"] = random.normal(0, 1, count), random.uniform(-3.1, 3.1, count)
    parts["pt"] = -np.sort(-random.exponential(30, parts.shape), axis=1)
    parts["eta"] = jets["eta"][:, None] + random.normal(0, 0.2, parts.shape)
    parts["phi"] = (jets["phi"][:, None] + random.normal(0, 0.2, parts.shape) + np.pi) % (2 * np.pi) - np.pi
    parts["energy"], parts["valid"] = parts["pt"] * np.cosh(parts["eta"]), True
    parts["kind"] = 1 + np.arange(parts.shape[1]) % 3
    jets["energy"] = np.hypot(1000 * np.cosh(jets["eta"]), jets["mass"])
    return Jets(jets, parts, ("quark",))


def random_network(recipe: Recipe, seed: int = 0):
    """The quantized network with weights large enough for its outputs to use their ranges."""
    import torch

    from edgeood.networks.build import build_network

    torch.manual_seed(seed)
    network = build_network(recipe)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.uniform_(-0.3, 0.5)
            else:
                parameter.mul_(2)
    network.keep_in_range()
    return network.eval()


_RUNS: dict[str, Run] = {}


def quantized_run(**settings) -> Run:
    """A finished run, made once per test session (settings of :func:`make_run`); do not change it."""
    key = repr(sorted(settings.items()))
    if key not in _RUNS:
        _RUNS[key] = make_run(Path(tempfile.mkdtemp(prefix="edgeood-run-")), **settings)
    return _RUNS[key]


def make_run(
    folder: Path,
    *,
    network: CNN | ParticleNetLite = TINY,
    pixels: int = 16,
    io_type: str = "io_stream",
    inputs: Images | TriggerCandidates | None = None,
    quantization: Quantization = Quantization(),  # noqa: B008 - frozen
    normal: str = "known",
    strategy: str = "latency",
    reuse_factor: int = 1,
    seed: int = 0,
    mass_blind: bool = False,
) -> Run:
    """A finished run with random weights and scores fitted on random images, and with random thresholds in mass."""
    from safetensors.torch import save_file

    from edgeood.networks.build import outputs_of
    from edgeood.scores import fit_scores
    from edgeood.scores.working_point import threshold_for

    recipe = Recipe(
        name="tiny twin-1",
        data=DATA,
        inputs=inputs or Images(pixels=pixels, intensity="sqrt"),
        network=network,
        quantization=quantization,
        score=Score(kind="mahalanobis_diagonal", normal=normal),
        target=Target(io_type=io_type, strategy=strategy, reuse_factor=reuse_factor),
    )
    folder.mkdir(parents=True, exist_ok=True)
    twin = random_network(recipe, seed)
    save_file(
        {key: value.detach() for key, value in twin.state_dict().items()}, folder / "network.safetensors"
    )
    if isinstance(recipe.inputs, TriggerCandidates):
        known = inputs_of(random_jets(400, seed=2), recipe.inputs.model_dump())
    else:
        known = random_images(400, pixels, seed=2)
    outputs = outputs_of(twin, known)
    labels = (outputs.logits[:, 0] > np.median(outputs.logits[:, 0])).astype(int)
    parameters = {}
    fitted = fit_scores(outputs.representation, outputs.logits, labels, normal=normal)
    for name, score in fitted.items():
        score.threshold = threshold_for(score(outputs.representation, outputs.logits), 0.1)
        parameters[name] = score.parameters()
    Run(folder, {}).save_scores(parameters)
    run = Run.finish(folder, recipe, {"random.h5": "0" * 64})
    if mass_blind:
        for name in FUSED_SCORES:
            integers = fused_network(run, name, twin).integers(known)
            ends = np.quantile(integers, [0.1, 0.9]).astype(np.int64)
            thresholds = np.random.default_rng(seed).integers(*ends, (1, 2**MASS_TYPE.bits), endpoint=True)
            tables = Tables(MASS_TYPE, (recipe.score.background_efficiency,), thresholds)
            parameters[name] |= tables.parameters()
        run.save_scores(parameters)
    return run


@functools.cache
def jet_file() -> Path:
    """A file of 100 random jets."""
    path = Path(tempfile.mkdtemp(prefix="edgeood-jets-")) / "random.h5"
    write_jets(path, random_jets(100), {})
    return path
