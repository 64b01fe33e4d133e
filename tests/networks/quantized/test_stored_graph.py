"""The graph of a run's file is that of its network, and no framework is loaded to make it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import CANDIDATES, LITE, SIGNED, STRIDED, TINY, make_run, on_candidates
from safetensors.numpy import load_file, save_file

from edgeood.errors import EdgeoodError
from edgeood.fixed_point.graph import Constant
from edgeood.networks.load import load_network
from edgeood.networks.quantized.fixed_graph import fixed_graph
from edgeood.networks.quantized.stored_graph import stored_graph
from edgeood.recipe import Quantization
from edgeood.run import Run

CASES = {
    "qkeras": {"network": TINY},
    "brevitas": {"network": TINY, "quantization": Quantization(toolkit="brevitas")},
    "strided": {
        "network": STRIDED,
        "quantization": SIGNED.model_copy(update={"toolkit": "brevitas"}),
    },
    "lite-qkeras": {"network": LITE, "inputs": CANDIDATES, "quantization": on_candidates()},
    "lite-brevitas": {"network": LITE, "inputs": CANDIDATES, "quantization": on_candidates("brevitas")},
}


def assert_equal(one, other) -> None:
    assert (one.shape, one.representation, one.logits) == (other.shape, other.representation, other.logits)
    for a, b in zip(one.operations, other.operations, strict=True):
        assert type(a) is type(b)
        for key, value in vars(a).items():
            if isinstance(value, Constant):
                np.testing.assert_array_equal(value.integers, getattr(b, key).integers)
                assert value.type == getattr(b, key).type
            else:
                assert value == getattr(b, key)


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_graph_of_the_loaded_network(case: str, tmp_path: Path):
    run = make_run(tmp_path / "run", **CASES[case])
    assert_equal(stored_graph(run), fixed_graph(load_network(run)))


def test_weights_of_another_network_are_told(tmp_path: Path):
    run = make_run(tmp_path / "run")
    good = load_file(run.network_file)
    # As of a run of version 0.1, whose files nobody recorded.
    loose = Run(run.path, {key: value for key, value in run.manifest.items() if key != "files"})
    for change, message in (
        ({"logits.bias": np.zeros(7, np.float32)}, "of layer 'logits'"),
        ({"conv0.kernel": np.full_like(good["conv0.kernel"], np.nan)}, r"no numbers \(conv0\)"),
    ):
        save_file(good | change, run.network_file)
        with pytest.raises(EdgeoodError, match="is not the file that was recorded"):
            stored_graph(run)
        with pytest.raises(EdgeoodError, match=message):
            stored_graph(loose)
    save_file({key: value for key, value in good.items() if key != "dense0.bias"}, run.network_file)
    with pytest.raises(EdgeoodError, match="of layer 'dense0'"):
        stored_graph(loose)
    run.network_file.write_bytes(b"nothing")
    with pytest.raises(EdgeoodError, match="does not hold the weights"):
        stored_graph(loose)


def test_integers_need_no_framework():
    code = (
        "import sys\nfrom edgeood.run import Run\nfrom edgeood.scores.fused.network import fused_network\n"
        "assert fused_network(Run.open('particlenet-lite')).graph.operations\n"
        "print([name for name in ('torch', 'keras', 'tensorflow', 'brevitas', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
