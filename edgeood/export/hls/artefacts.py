"""HLS projects as export targets, one for each compiler."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.export.hls.project import write_project
from edgeood.export.hls.vendors import Backend
from edgeood.export.targets import Order
from edgeood.fixed_point import FixedPoint

_RANDOM_VECTORS = 16


def write_vitis(order: Order, path: Path) -> dict[str, Any]:
    """A project for Vitis HLS."""
    return _write(order, path, "Vitis")


def write_vivado(order: Order, path: Path) -> dict[str, Any]:
    """A project for Vivado HLS."""
    return _write(order, path, "Vivado")


def write_quartus(order: Order, path: Path) -> dict[str, Any]:
    """A project for Intel HLS."""
    return _write(order, path, "Quartus")


def write_catapult(order: Order, path: Path) -> dict[str, Any]:
    """A project for Catapult."""
    return _write(order, path, "Catapult")


def _write(order: Order, path: Path, backend: Backend) -> dict[str, Any]:
    network = order.network
    vectors = order.vectors
    if vectors is None:
        vectors = _random_inputs(network.graph.shape, network.input_type)
    about = write_project(network, order.hardware, order.name, path, order.log, vectors, backend)
    return {**about, "target": order.hardware.model_dump(mode="json")}


def _random_inputs(shape: tuple[int, ...], input_type: FixedPoint) -> NDArray[np.float32]:
    """Inputs (n, *shape) from nearly empty to saturated."""
    random = np.random.default_rng(0)
    inputs = random.random((_RANDOM_VECTORS, *shape)) ** 8
    size = np.linspace(0, 2 * min(input_type.high, 1.0), _RANDOM_VECTORS)
    return (inputs * size.reshape(-1, *[1] * len(shape))).astype(np.float32)
