"""Inputs and masses chosen to find where two engines would not give the same bits."""

import numpy as np
from numpy.typing import NDArray

from edgeood.fixed_point import FixedPoint
from edgeood.inputs.trigger_candidates import PT
from edgeood.scores.fused.mass_blind import MASS_TYPE

_CORNERS_OF_EACH_SORT = 16


def corner_inputs(shape: tuple[int, ...], input_type: FixedPoint, seed: int = 0) -> NDArray[np.float32]:
    """Inputs (n, …) of this ``shape`` where rounding, saturation or overflow would go wrong first.

    ``shape`` is that of one image (1, P, P) or of one jet's candidates (N, F), of ``input_type``. Dense random
    numbers within and beyond its range, all zero, all at the highest value, far above and far below it, ties
    between two steps, subnormal numbers, and one hot number; of candidates, also jets of every size from none
    to N on a coarse grid, where many are equally far from each other, with angles in the empty places.
    """
    random = np.random.default_rng(seed)
    many = (_CORNERS_OF_EACH_SORT, *shape)
    dense = random.random(many) * input_type.high
    halves = random.integers(input_type.lowest_integer, input_type.highest_integer + 1, many) + 0.5
    ties = halves * input_type.step
    hot = np.zeros(many)
    hot.reshape(len(hot), -1)[np.arange(len(hot)), random.integers(0, dense[0].size, len(hot))] = (
        4 * input_type.high
    )
    constant = [0.0, input_type.high, input_type.step / 2, input_type.step, 1e6, -1e6, 1e-30, 1e-42, -1e-42]
    corners = [dense, 2 * dense, dense - input_type.high / 2, dense**8, ties, hot]
    corners += [np.full((1, *shape), value) for value in constant]
    if len(shape) == 2:
        coarse = random.integers(-2, 3, (2 * (shape[0] + 1), *shape)) / 4
        size = np.arange(len(coarse)) // 2
        there = np.arange(shape[0]) < size[:, None]
        coarse[..., PT] = np.where(there, random.integers(1, 200, there.shape) * input_type.step, 0)
        corners.append(coarse)
    return np.concatenate(corners).astype(np.float32)


def corner_masses(count: int, mass_type: FixedPoint = MASS_TYPE, seed: int = 0) -> NDArray[np.float32]:
    """Masses (count,) in GeV where rounding or saturation to ``mass_type`` would go wrong first.

    Ties between two steps, both ends of the type, and masses below and far beyond them, each in turn.
    """
    random = np.random.default_rng(seed)
    words = random.integers(0, mass_type.highest_integer + 1, count)
    ends = np.array([0, mass_type.highest_integer, mass_type.highest_integer + 0.5, 1e30, -1, 1e-42])
    sorts = [words, words + 0.5, words + 0.25, ends[np.arange(count) % len(ends)]]
    return (np.choose(np.arange(count) % len(sorts), sorts) * mass_type.step).astype(np.float32)
