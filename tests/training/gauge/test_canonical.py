"""Canonical coordinates: the same logits, diagonal covariances."""

import numpy as np
import pytest
import torch

from edgeood.networks.build import outputs_of
from edgeood.networks.cnn import CNNClassifier
from edgeood.recipe import CNN, Block, Images
from edgeood.scores.mahalanobis import DiagonalMahalanobis, Mahalanobis
from edgeood.training.gauge.canonical import diagonalising_basis, to_canonical


@pytest.fixture(scope="module")
def correlated():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 6000)
    mixing = rng.normal(size=(2, 5, 5))
    points = np.einsum("nij,nj->ni", mixing[labels], rng.normal(size=(6000, 5))) + 3 * labels[:, None]
    return points, labels


def test_two_classes_become_diagonal_at_once(correlated):
    points, labels = correlated
    basis, centre = diagonalising_basis(points, labels)
    turned = (points - centre) @ basis.T
    covariances = [np.cov(turned[labels == k], rowvar=False, bias=True) for k in (0, 1)]
    assert np.allclose(np.mean(covariances, 0), np.eye(5), atol=1e-2)
    for covariance in covariances:
        assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-2


def test_the_diagonal_distance_is_then_the_full_one(correlated):
    points, labels = correlated
    basis, centre = diagonalising_basis(points, labels)
    turned, logits = (points - centre) @ basis.T, np.zeros((len(points), 2))
    full = Mahalanobis().fit(turned, logits, labels)(turned, logits)
    diagonal = DiagonalMahalanobis().fit(turned, logits, labels)(turned, logits)
    assert np.corrcoef(full, diagonal)[0, 1] > 0.999
    # Before, it was another score altogether.
    before = DiagonalMahalanobis().fit(points, logits, labels)(points, logits)
    assert np.corrcoef(before, full)[0, 1] < 0.95


@pytest.mark.parametrize("largest_weight", [None, 4.0])
def test_a_networks_decisions_do_not_change(largest_weight):
    torch.manual_seed(4)
    network = CNNClassifier(Images(pixels=12), CNN(blocks=(Block(filters=3, pool=2),), representation=6), 2)
    images = torch.rand(400, 1, 12, 12).numpy()
    labels = np.arange(400) % 2
    before = outputs_of(network, images)
    to_canonical(network, before.representation, labels, largest_weight)
    after = outputs_of(network, images)
    assert np.allclose(after.logits, before.logits, atol=1e-4)
    basis, centre = diagonalising_basis(before.representation, labels)
    wanted = (before.representation - centre) @ basis.T
    narrowed = after.representation.std(0) / wanted.std(0)
    weight = np.abs(network.representation.weight.detach().numpy()).max(axis=1)
    if largest_weight is None:
        assert weight.max() > 4
        assert np.allclose(narrowed, 1, atol=1e-3)
    else:
        assert weight.max() == pytest.approx(largest_weight)
        assert np.allclose(narrowed[weight < 0.999 * largest_weight], 1, atol=1e-3)
        assert (narrowed < 1.001).all()
    assert np.allclose(after.representation, wanted * narrowed, atol=1e-3)
