"""Both toolkits, both networks, both scores: the same bits from every engine."""

import numpy as np
import pytest
from quantized_runs import CANDIDATES, LITE, jet_file, on_candidates, quantized_run

from edgeood.export import to
from edgeood.recipe import Quantization
from edgeood.run import Run
from edgeood.runtime import ENGINES as ALL_ENGINES
from edgeood.runtime.verify import verify

ENGINES = ("network", "qonnx", "onnxruntime", "cpu", "csim")


def run_of(network: str, toolkit: str) -> Run:
    """QKeras in streams and Brevitas in parallel for one network, the other way round for the other.

    Brevitas's are calibrated: their decisions read the jet's mass.
    """
    blind = toolkit == "brevitas"
    if network == "cnn":
        io_type = "io_stream" if toolkit == "qkeras" else "io_parallel"
        return quantized_run(
            quantization=Quantization(toolkit=toolkit), pixels=12, io_type=io_type, mass_blind=blind
        )
    io_type = "io_parallel" if toolkit == "qkeras" else "io_stream"
    return quantized_run(
        network=LITE,
        inputs=CANDIDATES,
        quantization=on_candidates(toolkit),
        io_type=io_type,
        normal="background",
        mass_blind=blind,
    )


@pytest.mark.firmware
@pytest.mark.slow
@pytest.mark.parametrize("score", ["max_logit", "mahalanobis_diagonal"])
@pytest.mark.parametrize("toolkit", ["qkeras", "brevitas"])
@pytest.mark.parametrize("network", ["cnn", "particlenet_lite"])
def test_all_engines_give_the_same_integer(network: str, toolkit: str, score: str) -> None:
    run = run_of(network, toolkit)
    for target in ("qonnx", "onnx", "vitis"):
        to(run, target, score=score)
    report = verify(run, jet_file(), ENGINES, [score])
    pairs = report["scores"][score]["mismatches"]
    assert len(pairs) == len(ENGINES) * (len(ENGINES) - 1) // 2
    assert pairs == dict.fromkeys(pairs, 0)
    assert report["scores"][score]["decision_mismatches"] == pairs
    assert report["scores"][score]["mass_blind"] is (toolkit == "brevitas")
    assert report["jets_by_engine"] == dict.fromkeys(ENGINES, 100)
    assert report["corner_inputs"] > 100


@pytest.mark.firmware
@pytest.mark.slow
@pytest.mark.parametrize("network", ["cnn", "particlenet_lite"])
@pytest.mark.parametrize("score", ["max_logit", "mahalanobis_diagonal"])
def test_the_other_compilers_and_the_emulator_agree_as_well(network: str, score: str) -> None:
    toolkit = "brevitas" if score == "max_logit" else "qkeras"
    run = run_of(network, toolkit)
    for target in ("vivado", "quartus", "catapult", "emulator"):
        to(run, target, score=score)
    engines = ("network", "vivado_csim", "quartus_csim", "catapult_csim", "emulator")
    report = verify(run, jet_file(), engines, [score])
    assert report["mismatches"] == 0
    assert report["jets_by_engine"] == dict.fromkeys(engines, 100)


def test_the_scores_of_a_run_are_not_all_the_same() -> None:
    """Else the agreement of engines would mean little."""
    from edgeood.inputs import inputs_of
    from edgeood.jets.format import read_jets
    from edgeood.runtime import open_engine

    for network in ("cnn", "particlenet_lite"):
        run = run_of(network, "brevitas")
        inputs = inputs_of(read_jets(jet_file()), run.recipe.inputs.model_dump())
        for score in ("max_logit", "mahalanobis_diagonal"):
            assert len(np.unique(open_engine(run, "network", score)(inputs))) > 40


@pytest.mark.firmware
@pytest.mark.slow
@pytest.mark.parametrize("network", ["cnn", "particlenet_lite"])
def test_all_compilers_and_the_emulator_take_the_same_decisions_in_the_other_interface(network: str) -> None:
    """As the test above, with images in a stream, candidates in parallel, and the mass beside them."""
    settings = {"io_type": "io_stream", "pixels": 12}
    if network == "particlenet_lite":
        settings = {
            "io_type": "io_parallel",
            "network": LITE,
            "inputs": CANDIDATES,
            "quantization": on_candidates(),
        }
    run = quantized_run(**settings, mass_blind=True)
    # Of the two engines on RTL, the other is compared where the design is small: test_rtl_engines.py.
    rtl = ("alkaid",) if network == "particlenet_lite" else ()
    engines = (*(name for name in ALL_ENGINES if name not in ("alkaid", "rtl")), *rtl)
    targets = (
        "qonnx",
        "onnx",
        "vitis",
        "vivado",
        "quartus",
        "catapult",
        "emulator",
        *("verilog" for _ in rtl),
    )
    for target in targets:
        to(run, target, score="max_logit")
    report = verify(run, jet_file(), engines, ["max_logit"])
    assert report["mismatches"] == 0
    assert report["scores"]["max_logit"]["mass_blind"]
    pairs = len(engines) * (len(engines) - 1) // 2
    assert len(report["scores"]["max_logit"]["decision_mismatches"]) == pairs >= 36
