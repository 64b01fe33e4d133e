"""Weights are numbers, and those of the network."""

import json
from pathlib import Path

import numpy as np
import pytest
from quantized_runs import make_run
from safetensors.numpy import load_file, save_file

from edgeood.errors import EdgeoodError
from edgeood.networks.load import load_network
from edgeood.run import Run


def without_digests(folder: Path) -> None:
    content = json.loads((folder / "run.json").read_text())
    for key in ("digest", "files"):
        content.pop(key, None)
    (folder / "run.json").write_text(json.dumps(content))


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_one_sentence(odd, tmp_path):
    run = make_run(tmp_path / "run")
    without_digests(run.path)
    assert load_network(Run.open(run.path))
    weights = load_file(run.network_file)
    name = next(name for name, values in weights.items() if values.size > 3 and values.dtype == np.float32)
    weights[name] = weights[name].copy()
    weights[name].reshape(-1)[3] = odd
    save_file(weights, run.network_file)
    with pytest.raises(EdgeoodError, match=rf"holds weights that are no numbers \({name}\); train again"):
        load_network(Run.open(run.path))
