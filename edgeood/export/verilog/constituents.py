"""Nearest neighbours and means over constituents, fully parallel, of alkaid's traced numbers.

A neighbour's rank is the number of valid others before it; no list is sorted. The maximum of a pair of constituents is
shared by all that choose from it. Where all others are neighbours, nothing is chosen and no distance is taken: every
constituent gets the maximum without itself, from a tree that goes up and comes down again. Rows of padding hold what
follows from zeros: nobody has them as neighbours, and the mean leaves them out.
"""

import numpy as np

from edgeood.export.verilog.arithmetic import (
    Number,
    Numbers,
    constant,
    is_constant,
    largest,
    rounded_all,
    total,
)
from edgeood.fixed_point.graph import PT, KnnGather


def valid(candidates: Numbers) -> list[Number]:
    """One bit for each candidate (N, F): its momentum is above zero."""
    return [one.relu().unary_bit_op("any") for one in candidates[:, PT]]


def gathered(operation: KnnGather, there: list[Number], points: Numbers, edges: Numbers) -> Numbers:
    """a_i + max b_j over the neighbours of each constituent. (N, P), (N, 2C) → (N, C)."""
    places, channels = len(edges), edges.shape[1] // 2
    own, others = edges[:, :channels], edges[:, channels:]
    if operation.neighbours >= places - 1:
        everywhere: Numbers = own + _maxima_of_others(there, others)
        return everywhere
    columns = points[:, operation.first : operation.first + operation.coordinates]
    chosen = _neighbours(operation, there, rounded_all(columns, operation.coordinate_type))
    result = np.empty((places, channels), object)
    for channel in range(channels):
        values = list(others[:, channel])
        # No neighbour is below this, and a constituent always has one: itself, where there is no other.
        lowest = constant(min(float(one.low) for one in values), values[0])
        pairs = [values[j].max_of(values[j + 1]) for j in range(0, places - 1, 2)]
        for i in range(places):
            offered = []
            for pair, j in enumerate(range(0, places - 1, 2)):
                first, second = chosen[i][j], chosen[i][j + 1]
                one = _choice(first, values[j], _choice(second, values[j + 1], lowest))
                offered.append(_choice(first & second, pairs[pair], one))
            if places % 2:
                offered.append(_choice(chosen[i][-1], values[-1], lowest))
            result[i, channel] = own[i, channel] + largest(offered)
    return result


def _maxima_of_others(there: list[Number], values: Numbers) -> Numbers:
    """The maximum of every valid constituent's valid others; of one without others, its own value. (N, C) → (N, C)."""
    places, channels = values.shape
    alone = [_all([~one for j, one in enumerate(there) if j != i], there[i]) for i in range(places)]
    result = np.empty((places, channels), object)
    for channel in range(channels):
        column = list(values[:, channel])
        lowest = constant(min(float(one.low) for one in column), column[0])
        offered = [_choice(bit, one, lowest) for bit, one in zip(there, column, strict=True)]
        for i, most in enumerate(_maxima_without(offered, lowest)):
            result[i, channel] = _choice(alone[i], column[i], most)
    return result


def _maxima_without(numbers: list[Number], lowest: Number) -> list[Number]:
    """For each of the numbers the maximum of the others, ``lowest`` if there are none: 3 N comparisons, not N²."""
    levels = [numbers]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([largest(below[i : i + 2]) for i in range(0, len(below), 2)])
    # What stands outside of each subtree, from the root, outside of which there is nothing, down to the leaves.
    outside: list[list[Number]] = [[]]
    for level in levels[-2::-1]:
        outside = [
            [largest([*outside[i // 2], *level[i ^ 1 : (i ^ 1) + 1]])]
            if i ^ 1 < len(level) or outside[i // 2]
            else []
            for i in range(len(level))
        ]
    return [one[0] if one else lowest for one in outside]


def _choice(bit: Number, chosen: Number, otherwise: Number) -> Number:
    """One of two numbers, by a bit that may be constant."""
    if is_constant(bit):
        return chosen if bit.low else otherwise
    if is_constant(chosen) and is_constant(otherwise) and chosen.low == otherwise.low:
        return chosen
    return bit.msb_mux(chosen, otherwise)


def _neighbours(operation: KnnGather, there: list[Number], coordinates: Numbers) -> list[list[Number]]:
    """For each constituent one bit for each place: a neighbour of it (of one without others: itself)."""
    places = range(len(there))
    distance = _distances(coordinates)
    missing = [~one for one in there]
    chosen: list[list[Number]] = []
    for i in places:
        others = [j for j in places if j != i]
        before: dict[tuple[int, int], Number] = {}
        if operation.neighbours < len(others):
            for place, j in enumerate(others):
                for other in others[place + 1 :]:
                    # Equal distances go to the lower index.
                    before[j, other] = distance[i, j] <= distance[i, other]
                    before[other, j] = ~before[j, other]
        row = []
        for j in places:
            if j == i:
                row.append(_all([missing[other] for other in others], there[i]))
                continue
            if not before:
                row.append(there[j])
                continue
            rank = _count([before[other, j] & there[other] for other in others if other != j])
            row.append((rank < operation.neighbours) & there[j])
        chosen.append(row)
    return chosen


def _distances(coordinates: Numbers) -> dict[tuple[int, int], Number]:
    """Squared distances of every two constituents (N, coordinates)."""
    found: dict[tuple[int, int], Number] = {}
    for i in range(len(coordinates)):
        for j in range(i):
            apart = [abs(one - other) for one, other in zip(coordinates[i], coordinates[j], strict=True)]
            found[i, j] = found[j, i] = total([one * one for one in apart])
    return found


def _all(bits: list[Number], like: Number) -> Number:
    """Whether all bits are set; of none, yes."""
    if not bits:
        return constant(1.0, like)
    while len(bits) > 1:
        bits = [*bits[2:], bits[0] & bits[1]]
    return bits[0]


def _count(bits: list[Number]) -> Number:
    """How many bits are set."""
    from alkaid.trace import FVArray

    if len(bits) == 1:
        return bits[0]
    varying = [one for one in bits if not is_constant(one)]
    always = sum(one.low for one in bits if is_constant(one))
    if not varying:
        return constant(always, bits[0])
    return (FVArray(np.array(varying, object)) @ np.ones((len(varying), 1)))[0] + always


def mean(there: list[Number], features: Numbers) -> Numbers:
    """Σ h_i / N over the valid constituents. (N, C) → (C,)."""
    places, channels = features.shape
    result = np.empty(channels, object)
    for channel in range(channels):
        zero = constant(0.0, features[0, channel])
        kept = [_choice(bit, one, zero) for bit, one in zip(there, features[:, channel], strict=True)]
        result[channel] = total(kept) * (1 / places)
    return result
