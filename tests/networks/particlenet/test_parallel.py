"""Pieces of work on all cores."""

import threading
from collections.abc import Iterator

import pytest
import torch

from edgeood.networks.particlenet import edge_perceptron
from edgeood.networks.particlenet.classifier import ParticleNetClassifier
from edgeood.networks.particlenet.parallel import in_parallel
from edgeood.recipe import ParticleNet


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_every_piece_is_done_once_in_order_on_one_core():
    together = threading.Barrier(2, timeout=60)

    def task(number: int) -> tuple[int, int, bool, bool]:
        if number < 2:
            together.wait()
        return number, torch.get_num_threads(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()

    with torch.no_grad():
        assert list(in_parallel(task, 5)) == [(i, 1, False, False) for i in range(5)]
    with torch.inference_mode():
        assert list(in_parallel(task, 5)) == [(i, 1, False, True) for i in range(5)]
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("enabled", [False, True])
def test_a_piece_works_in_the_precision_of_the_one_who_asks(enabled: bool):
    values = torch.ones(4, 4)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=enabled):
        found = list(in_parallel(lambda _: (values @ values).dtype, 2))
    assert found == [torch.bfloat16 if enabled else torch.float32] * 2


@pytest.mark.usefixtures("two_threads")
def test_gradients_are_recorded_in_the_thread_that_asks_for_them():
    here = threading.get_ident()
    assert list(in_parallel(lambda _: threading.get_ident(), 3)) == [here] * 3


@pytest.mark.usefixtures("two_threads")
def test_what_a_piece_raises_is_raised():
    def task(number: int) -> int:
        return 1 // (number - 2)

    with torch.no_grad(), pytest.raises(ZeroDivisionError):
        list(in_parallel(task, 4))


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_network_on_two_threads_gives_what_it_gives_on_one(two_threads, monkeypatch, bfloat16):
    monkeypatch.setattr(edge_perceptron, "_BYTES_AT_ONCE", 2**14)
    clouds = torch.randn(70, 15, 5, generator=torch.Generator().manual_seed(1))
    clouds[..., 4] = 1
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.manual_seed(2)
        made = ParticleNetClassifier(ParticleNet(neighbours=4, blocks=((16, 16), (16, 8))), 3)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            made(clouds).logits.float().square().sum().backward()
            with torch.inference_mode():
                scored = made.eval()(clouds).logits
        gradients = torch.cat([parameter.grad.flatten() for parameter in made.parameters()])
        results.append([scored, gradients])
    for one, two in zip(*results, strict=True):
        # Sums in another order, which in bfloat16 may round to another number.
        assert (two - one).norm() <= (0.02 if bfloat16 else 1e-5) * one.norm()
