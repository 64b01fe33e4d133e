"""ParticleNet against a plain implementation with one loop over constituents, in float64."""

import copy

import pytest
import torch
from torch import Tensor

from edgeood.networks import Outputs
from edgeood.networks.particlenet import edge_perceptron
from edgeood.networks.particlenet.classifier import ParticleNetClassifier
from edgeood.recipe import ParticleNet

NEIGHBOURS = 8
FEW = (1, 2, 3, 8, 9, 10)
"""Constituents of the first jets: about as many as there are neighbours, and fewer."""


def clouds(jets: int = 45, width: int = 24, seed: int = 1) -> Tensor:
    """(jets, width, 5) float64 jets, the first ones small; with more than 32, distances are taken in two steps."""
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(jets, width, 5, generator=generator, dtype=torch.float64)
    counts = torch.randint(NEIGHBOURS + 1, width + 1, (jets,), generator=generator)
    counts[: len(FEW)] = torch.tensor(FEW)
    valid = torch.arange(width) < counts[:, None]
    table[..., :2] *= 0.3
    table[..., 4] = 1
    return table * valid[..., None]


def network(*blocks: tuple[int, ...], seed: int = 2) -> ParticleNetClassifier:
    """A float64 ParticleNet whose every parameter and running statistic differs from where it would begin."""
    torch.manual_seed(seed)
    settings = ParticleNet(neighbours=NEIGHBOURS, blocks=blocks, representation=10)
    made = ParticleNetClassifier(settings, 3).double()
    for parameter in made.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    for name, buffer in made.named_buffers():
        if name.endswith(("mean", "var")):
            buffer += 0.5 * torch.rand_like(buffer)
    return made


def plain_norm(norm: torch.nn.BatchNorm1d, x: Tensor, moments: dict | None) -> Tensor:
    """Batch norm; ``moments``, in training, collects what it is normalised with."""
    mean, variance = norm.running_mean, norm.running_var
    if moments is not None:
        mean, variance = x.mean(0), x.var(0, correction=0)
        moments[norm] = (mean.detach(), x.detach().var(0, correction=1))
    return (x - mean) / (variance + norm.eps).sqrt() * norm.weight + norm.bias


def plain_outputs(made: ParticleNetClassifier, table: Tensor, moments: dict | None = None) -> Outputs:
    """ParticleNet as its papers write it: x_i and x_j − x_i of every edge go through the whole perceptron."""
    jets = [jet[jet[:, 4] > 0] for jet in table]
    counts = [len(jet) for jet in jets]
    points = [jet[:, :2] for jet in jets]
    x = plain_norm(made.input_norm, torch.cat(jets)[:, :4], moments)
    for block in made.blocks:
        edges, centres = [], []
        for number, (cloud, features) in enumerate(zip(points, x.split(counts), strict=True)):
            for i in range(len(cloud)):
                distance = (cloud - cloud[i]).square().sum(1)
                others = [j for j in distance.argsort(stable=True).tolist() if j != i]
                for j in others[:NEIGHBOURS]:
                    edges.append(torch.cat([features[i], features[j] - features[i]]))
                    centres.append(sum(counts[:number]) + i)
        # W (x_i, x_j − x_i) = (W_1 − W_2) x_i + W_2 x_j
        first = torch.cat([block.centre.weight + block.neighbour.weight, block.neighbour.weight], 1)
        h = torch.stack(edges)
        for weight, norm in zip([first, *(layer.weight for layer in block.layers)], block.norms, strict=True):
            h = plain_norm(norm, h @ weight.T, moments).relu()
        centre = torch.tensor(centres)
        mean = torch.stack([h[centre == i].sum(0) / max(1, int((centre == i).sum())) for i in range(len(x))])
        x = (mean + plain_norm(block.shortcut_norm, x @ block.shortcut.weight.T, moments)).relu()
        points = [part.detach() for part in x.split(counts)]
    averages = [part.mean(0) if len(part) else x.new_zeros(x.shape[1]) for part in x.split(counts)]
    representation = made.representation(torch.stack(averages)).relu()
    return Outputs(representation, made.logits(representation))


def gradients(made: ParticleNetClassifier, outputs: Outputs) -> list[Tensor]:
    weights = torch.linspace(-1, 1, outputs.logits.numel(), dtype=outputs.logits.dtype)
    loss = (outputs.logits.flatten() * weights).sum() + outputs.representation.square().mean()
    return list(torch.autograd.grad(loss, list(made.parameters())))


SHAPES = pytest.mark.parametrize("blocks", [((8, 8, 8), (12, 12, 12)), ((6,), (10, 5), (4, 8, 16))])


@SHAPES
@pytest.mark.parametrize("training", [False, True])
def test_outputs_and_gradients_are_those_of_the_plain_network(blocks, training):
    made = network(*blocks).train(training)
    table = clouds()
    plain = plain_outputs(made, table, {} if training else None)
    expected = gradients(made, plain)
    outputs = made(table)
    torch.testing.assert_close(outputs.representation, plain.representation, rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(outputs.logits, plain.logits, rtol=1e-9, atol=1e-10)
    assert plain.logits.std(0).min() > 1e-3
    for (name, _), ours, theirs in zip(
        made.named_parameters(), gradients(made, outputs), expected, strict=True
    ):
        torch.testing.assert_close(
            ours, theirs, rtol=1e-7, atol=1e-9, msg=lambda text, n=name: f"{n}: {text}"
        )


@SHAPES
def test_the_graph_may_be_taken_in_any_number_of_parts(blocks, monkeypatch):
    made, table = network(*blocks), clouds()
    results = []
    for size in (2**40, 3000):
        monkeypatch.setattr(edge_perceptron, "_BYTES_AT_ONCE", size)
        made.train()
        outputs = made(table)
        results.append([*outputs[:2], *gradients(made, outputs), *made.eval()(table)[:2]])
        made.load_state_dict(network(*blocks).state_dict())
    for whole, parts in zip(*results, strict=True):
        torch.testing.assert_close(whole, parts, rtol=1e-8, atol=1e-10)


def test_running_statistics_take_in_the_moments_of_real_edges_only():
    made, table, moments = network((8, 8), (6,)).train(), clouds(), {}
    plain_outputs(made, table, moments)
    before = copy.deepcopy(made)
    made(table)
    old = dict(zip(made.modules(), before.modules(), strict=True))
    assert len(moments) == 1 + 2 + 1 + 1 + 1
    for norm, (mean, variance) in moments.items():
        torch.testing.assert_close(norm.running_mean, 0.9 * old[norm].running_mean + 0.1 * mean)
        torch.testing.assert_close(norm.running_var, 0.9 * old[norm].running_var + 0.1 * variance)
        assert norm.num_batches_tracked == 1


@pytest.mark.parametrize("training", [False, True])
def test_the_order_of_constituents_does_not_matter(training):
    made, table = network((8, 8, 8), (12, 12)).train(training), clouds()
    mixed = table.clone()
    for jet in mixed:
        count = int(jet[:, 4].sum())
        jet[:count] = jet[torch.randperm(count, generator=torch.Generator().manual_seed(3))]
    assert not torch.equal(mixed, table)
    with torch.no_grad():
        torch.testing.assert_close(made(mixed).logits, made(table).logits, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("training", [False, True])
def test_padding_does_not_matter(training):
    made, table = network((8, 8, 8), (12, 12)).float().train(training), clouds().float()
    more = torch.nn.functional.pad(table, (0, 0, 0, 40))
    with torch.no_grad():
        torch.testing.assert_close(made(more).logits, made(table).logits, rtol=0, atol=1e-6)


def test_a_jet_is_scored_alone_as_in_company():
    made, table = network((8, 8, 8), (12, 12)).eval(), clouds()
    with torch.no_grad():
        together = made(table).logits
        alone = torch.cat([made(jet[None]).logits for jet in table])
    torch.testing.assert_close(alone, together, rtol=1e-9, atol=1e-10)


def test_a_jet_of_one_constituent_has_no_edges_and_one_of_none_is_zero():
    made = network((8, 8)).eval()
    table = clouds()[:2].clone()
    table[1] = 0
    block = made.blocks[0]
    x = made.input_norm(table[0, :1, :4])
    x = block.shortcut_norm(block.shortcut(x)).relu()
    expected = torch.cat([x, torch.zeros_like(x)])
    torch.testing.assert_close(made(table).representation, made.representation(expected).relu())
    empty = table[1:].repeat(3, 1, 1)
    torch.testing.assert_close(made(empty).representation, made(table).representation[[1, 1, 1]])


def test_what_float32_gives_without_gradients_is_what_it_gives_with_them():
    made, table = network((16, 16, 16), (32, 32, 32)).float().eval(), clouds().float()
    plain = made(table)
    assert plain.logits.requires_grad
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            outputs = made(table)
        torch.testing.assert_close(
            outputs.representation, plain.representation.detach(), rtol=1e-5, atol=1e-5
        )
        torch.testing.assert_close(outputs.logits, plain.logits.detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_under_autocast_outputs_and_gradients_are_those_of_float32_but_for_rounding(training):
    made, table = network((32, 32, 32), (32, 32, 32)).float().train(training), clouds(128).float()
    table[..., :2] = table[..., :2].bfloat16().float()
    exact = made(table)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = made(table)
    assert rounded.logits.dtype == torch.bfloat16
    # A rounded feature can change a neighbour: the comparison is one of directions and of sizes.
    for one, other in zip(rounded[:2], exact[:2], strict=True):
        assert torch.cosine_similarity(one.float().flatten(), other.flatten(), 0) > 0.99
    ours, theirs = (
        gradients(made, Outputs(some.representation.float(), some.logits.float()))
        for some in (rounded, exact)
    )
    largest = max(other.norm() for other in theirs)
    for (name, parameter), one, other in zip(made.named_parameters(), ours, theirs, strict=True):
        assert one.dtype == parameter.dtype == torch.float32
        assert (one - other).norm() < 0.25 * other.norm() + 0.01 * largest, name


def test_training_is_deterministic():
    results = []
    for _ in range(2):
        made, table = network((16, 16), (16, 16)).float().train(), clouds(64).float()
        results.append(gradients(made, made(table)))
    for first, second in zip(*results, strict=True):
        assert torch.equal(first, second)


def test_a_second_backward_pass_gives_the_same():
    made, table = network((8, 8, 8)).train(), clouds()
    loss = made(table).logits.square().sum()
    once, again = (torch.autograd.grad(loss, list(made.parameters()), retain_graph=True) for _ in range(2))
    for first, second in zip(once, again, strict=True):
        assert torch.equal(first, second)
