"""Weights that make the jet mass and the class independent of each other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError


def nuisance_weights(
    labels: NDArray[Any], mass_gev: NDArray[Any], bin_gev: float = 5.0, largest: float = 20.0
) -> NDArray[np.float32]:
    """Weights w = p(y) / p(y | m) that make class y and mass m independent [GZ24 eq. 2].

    p(y | m) is a histogram in bins of ``bin_gev``. Where a class is rare its weights are clipped at
    ``largest``; the weights are then scaled to a mean of one.

    Parameters
    ----------
    labels : (N,) class indices
    mass_gev : (N,) jet masses in GeV
    """
    bins = np.floor(np.asarray(mass_gev, np.float64) / bin_gev).astype(np.int64)
    bins -= bins.min()
    classes = int(labels.max()) + 1
    joint = np.zeros((classes, int(bins.max()) + 1))
    np.add.at(joint, (labels, bins), 1)
    prior = joint.sum(1) / joint.sum()
    conditional = joint / np.maximum(joint.sum(0), 1)
    weights = np.minimum(prior[labels] / conditional[labels, bins], largest)
    result: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return result


def mass_matching_weights(
    labels: NDArray[Any],
    mass_gev: NDArray[Any],
    background: int,
    bin_gev: float = 10.0,
    largest: float = 20.0,
) -> NDArray[np.float32]:
    """Weights that give every class the background's mass spectrum and the same total [CC22 §4.2].

    CC22 resample; weights have the same expectation without throwing jets away. No weight of a class exceeds
    ``largest`` times the class's mean: where one is rarer than that, all classes, the background too, are thinned
    to what it can supply, so that mass says nothing of the class anywhere.

    Parameters
    ----------
    labels : (N,) class indices
    mass_gev : (N,) jet masses in GeV
    background : class whose spectrum the others take

    Returns (N,) weights with a mean of one. Raises :class:`EdgeoodError` if no mass is common to all classes.
    """
    bins = np.floor(np.asarray(mass_gev, np.float64) / bin_gev).astype(np.int64)
    classes = int(labels.max()) + 1
    spectra = np.zeros((classes, int(bins.max()) + 1))
    np.add.at(spectra, (labels, bins), 1)
    spectra /= spectra.sum(1, keepdims=True)
    if not (spectra > 0).all(0).any():
        raise EdgeoodError(
            f"no mass bin of {bin_gev:g} GeV holds jets of every class, so their masses cannot be matched; add jets "
            "of other masses (such as w_augmented) or widen data.mass_matching.bin_gev."
        )
    target = np.minimum(spectra[background], largest * spectra.min(0))
    weights = np.divide(target, spectra, out=np.zeros_like(spectra), where=spectra > 0)[labels, bins]
    weights /= np.bincount(labels, weights)[labels]
    result: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return result
