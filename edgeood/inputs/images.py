"""Jets → energy images on a square (η, φ) window around the jet axis [GZ24 §4.1]."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.inputs.alignment import relative_phi, upright
from edgeood.inputs.needs import Needs
from edgeood.jets.format import Jets

_JETS_AT_ONCE = 4096


def jet_images(
    constituents: NDArray[Any],
    axis_eta: NDArray[Any],
    axis_phi: NDArray[Any],
    *,
    pixels: int = 50,
    half_width: float = 0.8,
    rotate: bool = True,
    intensity: str = "linear",
    scale: float = 1.0,
) -> NDArray[np.float32]:
    """Images of jets: each pixel holds its share of the energy inside the window.

    Parameters
    ----------
    constituents : (N, P) structured array with ``eta``, ``phi`` (radians), ``energy`` (GeV), ``valid``
    axis_eta, axis_phi : (N,) jet axes
    pixels : pixels along one side
    half_width : half the side of the window, in η and in φ
    rotate : turn the principal axis of the energy along φ and flip the heavier halves up and right
    intensity : ``linear`` (shares that sum to one [GZ24 §4.1]) or ``sqrt`` (their square roots)
    scale : every pixel is multiplied by this

    Returns
    -------
    (N, 1, pixels, pixels) float32: row = η, column = φ. A jet without energy in the window gives zeros.
    """
    images = np.empty((len(constituents), 1, pixels, pixels), np.float32)
    for start in range(0, len(constituents), _JETS_AT_ONCE):
        some = slice(start, start + _JETS_AT_ONCE)
        part = constituents[some]
        weight = np.where(part["valid"], part["energy"], 0).astype(np.float64)
        eta = np.where(part["valid"], part["eta"] - axis_eta[some, None], 0).astype(np.float64)
        phi = np.where(part["valid"], relative_phi(part["phi"], axis_phi[some, None]), 0).astype(np.float64)
        if rotate:
            eta, phi = upright(eta, phi, weight)
        row = np.floor((eta + half_width) * (pixels / (2 * half_width))).astype(np.int64)
        column = np.floor((phi + half_width) * (pixels / (2 * half_width))).astype(np.int64)
        inside = (weight > 0) & (row >= 0) & (row < pixels) & (column >= 0) & (column < pixels)
        jet = np.broadcast_to(np.arange(len(part))[:, None], row.shape)
        cell = ((jet * pixels + row) * pixels + column)[inside]
        share = np.zeros((len(part), pixels * pixels))
        np.add.at(share.reshape(-1), cell, weight[inside])
        share /= np.maximum(share.sum(1, keepdims=True), np.finfo(np.float64).tiny)
        if intensity == "sqrt":
            np.sqrt(share, out=share)
        images[some, 0] = (scale * share).reshape(-1, pixels, pixels)
    return images


def images_of(jets: Jets, inputs: Mapping[str, Any]) -> NDArray[np.float32]:
    """Images of jets as the ``inputs`` section of a recipe says (a plain mapping). (N, 1, P, P) float32."""
    settings = {key: value for key, value in inputs.items() if key != "kind"}
    return jet_images(jets.constituents, jets.jets["eta"], jets.jets["phi"], **settings)


def needs(inputs: Mapping[str, Any]) -> Needs:
    """What images are made of: the energies of the constituents, and where they lie about the jet axis."""
    return Needs(("eta", "phi"), ("eta", "phi", "energy"))
