"""The benchmark beside weaver-core: its jets, its translation of weights, its report."""

import importlib.util

import numpy as np
import pytest
import torch

from benchmarks.particlenet_speed.agreement import Agreement, agreement
from benchmarks.particlenet_speed.jets import made_up_jets
from benchmarks.particlenet_speed.report import Row, as_markdown, machine
from benchmarks.particlenet_speed.timing import jets_per_second
from benchmarks.particlenet_speed.weaver import (
    first_gradient_to_ours,
    first_layer_to_ours,
    in_our_names,
    pair_of_networks,
)
from edgeood.errors import EdgeoodError
from edgeood.recipe import ParticleNet

SMALL = ParticleNet(neighbours=4, blocks=((8, 8), (12, 12)), representation=6)
INSTALLED = importlib.util.find_spec("weaver") is not None


def test_made_up_jets_have_the_multiplicities_of_real_ones():
    jets = made_up_jets(4000, 100)
    counts = jets[..., 4].sum(1)
    assert abs(counts.mean() - 53) < 1.5
    assert abs(counts.std() - 19) < 1.5
    assert 0.01 < (counts == 100).mean() < 0.05
    assert np.array_equal(jets[..., 4] == 1, np.arange(100) < counts[:, None])
    assert not jets[jets[..., 4] == 0].any()
    assert (made_up_jets(10, 64, full=True)[..., 4] == 1).all()


def test_the_first_layer_is_translated_with_its_gradient():
    torch.manual_seed(1)
    weight = torch.randn(5, 6, dtype=torch.float64, requires_grad=True)
    x, y = torch.randn(2, 10, 3, dtype=torch.float64)
    centre, neighbour = (part.detach().requires_grad_() for part in first_layer_to_ours(weight))
    theirs = torch.cat([x, y - x], 1) @ weight.T
    ours = x @ centre.T + y @ neighbour.T
    torch.testing.assert_close(ours, theirs)
    direction = torch.randn(10, 5, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(theirs, weight, direction)
    expected = torch.autograd.grad(ours, [centre, neighbour], direction)
    for one, other in zip(first_gradient_to_ours(gradient), expected, strict=True):
        torch.testing.assert_close(one, other)


def test_names_are_translated():
    names = {
        "bn_fts.weight": "input_norm.weight",
        "edge_convs.1.convs.2.weight": "blocks.1.layers.1.weight",
        "edge_convs.0.bns.2.running_var": "blocks.0.norms.2.running_var",
        "edge_convs.2.sc.weight": "blocks.2.shortcut.weight",
        "edge_convs.2.sc_bn.bias": "blocks.2.shortcut_norm.bias",
        "fc.0.0.bias": "representation.bias",
        "fc.1.weight": "logits.weight",
    }
    tensors = {name: torch.tensor(float(i)) for i, name in enumerate(names)}
    expected = {ours: tensors[theirs] for theirs, ours in names.items()}
    assert in_our_names(tensors, first_layer_to_ours) == expected
    first = in_our_names({"edge_convs.0.convs.0.weight": torch.ones(3, 4, 1, 1)}, first_layer_to_ours)
    assert {name: tensor.shape for name, tensor in first.items()} == {
        "blocks.0.centre.weight": (3, 2),
        "blocks.0.neighbour.weight": (3, 2),
    }


def test_every_network_is_timed_on_every_jet():
    seen: dict[str, list[int]] = {"slow": [], "fast": []}
    steps = {name: lambda batch, sizes=sizes: sizes.append(len(batch)) for name, sizes in seen.items()}
    rates = jets_per_second(steps, torch.zeros(10, 3, 5), (4, 10), rounds=2)
    assert set(rates) == {"slow", "fast"}
    assert all(rate > 0 for rate in rates.values())
    assert seen["slow"] == seen["fast"] == [4, 4, 4, 2, 4, 4, 2, 10, 10, 10]


def test_the_report_shows_rates_and_their_ratios():
    row = Row("paper", "53 of up to 100", "inference", 50, 200, 80, 400)
    assert row.as_markdown() == (
        "| paper | 53 of up to 100 | inference | 50 | 200 | **4.0** | 80 | 400 | **5.0** |\n"
    )
    found = Agreement(float64=1e-12, float32=2e-7, reordered=0.01, gradient=1e-11)
    text = as_markdown([row], {"paper": found}, "made up", "0.5.3", machine() | {"clock": "wall time"})
    assert row.as_markdown() in text
    assert f"threads: {torch.get_num_threads()} (wall time)" in text
    assert "in 1.0% of jets" in text


@pytest.mark.skipif(INSTALLED, reason="weaver-core is installed")
def test_without_weaver_one_sentence_says_how_to_install_it():
    with pytest.raises(EdgeoodError, match=r"pip install --no-deps weaver-core==0\.5\.3"):
        pair_of_networks(SMALL)


@pytest.mark.skipif(not INSTALLED, reason="weaver-core is not installed")
def test_weaver_and_ours_compute_the_same():
    found = agreement(SMALL, made_up_jets(64, 30), made_up_jets(6, 30, full=True))
    assert found.float64 < 1e-10
    assert found.gradient < 1e-8
    assert found.reordered < 0.1
