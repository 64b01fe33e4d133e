"""Weights that make the jet mass and the class independent of each other."""

import numpy as np
from numpy.typing import NDArray


def nuisance_weights(
    labels: NDArray, mass_gev: NDArray, bin_gev: float = 5.0, largest: float = 20.0
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
    return (weights / weights.mean()).astype(np.float32)
