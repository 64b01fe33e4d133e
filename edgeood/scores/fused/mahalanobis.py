r"""The diagonal Mahalanobis score in fixed point, with types chosen from an error budget.

Firmware computes S' = min_k Σ_d ⌊⌊(r_d − μ'_kd)²⌋_s · v'_kd⌋_p with rounded constants μ', v' and squares and
products truncated (⌊·⌋, AP_TRN) to steps 2^−s and 2^−p; differences and the sum are exact. It must agree with
S = min_k S_k, S_k = Σ_d (r_d − μ_kd)² v_kd, to within B = budget · t for every jet with S ≤ t, t the working
point. Each of four sources of error gets the share B/4. For a class with S_k ≤ t:

1. *means*: with e = μ' − μ and d = r − μ, Σ v (d − e)² − Σ v d² = −2 Σ v d e + Σ v e², by Cauchy–Schwarz at
   most 2 √(S_k M_k) + M_k ≤ 2 √(t M_k) + M_k, where M_k = Σ_d v_kd e_kd²;
2. *inverse variances*: Σ |v' − v| (d − e)² ≤ ρ_k (t + B/4), where ρ_k = max_d |v'_kd − v_kd| / v_kd;
3. *squares*: each loses less than 2^−s, together less than 2^−s Σ_d v'_kd;
4. *products*: each loses less than 2^−p, together less than D · 2^−p.

So S' ≤ S + B. For the other side, a class with S_k > t must not fall below S − B: its computed sum is at least
(1 − ρ_k) (√S_k − √M_k)² − (3) − (4), which grows with S_k above M_k, and at S_k = t it is at least t − B.

The numbers of fraction bits are the smallest that keep these shares, evaluated with the actual μ, v; integer
bits cover every representation that its own type can hold, so that nothing ever overflows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeood.errors import EdgeoodError
from edgeood.fixed_point import FixedPoint

_EXACT_BITS = 53
_MOST_FRACTION_BITS = 48


@dataclass(frozen=True)
class FixedPointMahalanobis:
    """min_k Σ_d (r_d − μ_kd)² v_kd on a fixed-point representation (module docstring)."""

    mean: NDArray[np.int64]
    """(K, D) means in units of ``mean_type.step``."""
    inverse_variance: NDArray[np.int64]
    """(K, D) inverse variances in units of ``inverse_variance_type.step``."""
    representation_type: FixedPoint
    mean_type: FixedPoint
    inverse_variance_type: FixedPoint
    difference_type: FixedPoint
    square_type: FixedPoint
    product_type: FixedPoint
    score_type: FixedPoint
    """Also the accumulator's type."""
    threshold: float

    name = "mahalanobis_diagonal"

    @property
    def step(self) -> float:
        """Distance between neighbouring scores."""
        return self.score_type.step

    def integers(self, representation: NDArray[Any], logits: NDArray[Any] | None = None) -> NDArray[np.int64]:
        """(N,) scores in units of ``step`` from the (N, D) representation, which must lie on its grid."""
        r = self.representation_type.to_integers(representation)
        difference_fraction = self.difference_type.fraction
        r = r << (difference_fraction - self.representation_type.fraction)
        mean = self.mean << (difference_fraction - self.mean_type.fraction)
        drop_square = 2 * difference_fraction - self.square_type.fraction
        drop_product = (
            self.square_type.fraction + self.inverse_variance_type.fraction - self.product_type.fraction
        )
        nearest = np.full(len(r), np.iinfo(np.int64).max)
        for own_mean, own_inverse_variance in zip(mean, self.inverse_variance, strict=True):
            # Shifting to the right is rounding down.
            square = (r - own_mean) ** 2 >> drop_square
            np.minimum(nearest, (square * own_inverse_variance >> drop_product).sum(axis=1), out=nearest)
        return nearest

    def __call__(
        self, representation: NDArray[Any], logits: NDArray[Any] | None = None
    ) -> NDArray[np.float64]:
        """(N,) scores, as firmware computes them."""
        return np.asarray(self.integers(representation) * self.step, np.float64)

    def types(self) -> dict[str, FixedPoint]:
        """Every type of the computation, by what it holds."""
        names = ("representation", "mean", "inverse_variance", "difference", "square", "product", "score")
        return {name: getattr(self, f"{name}_type") for name in names}


def fixed_point_mahalanobis(
    mean: NDArray[Any],
    inverse_variance: NDArray[Any],
    design_threshold: float,
    representation: FixedPoint,
    error_budget: float,
    threshold: float | None = None,
) -> FixedPointMahalanobis:
    """Choose the types by the error budget (module docstring) and round the constants.

    Parameters
    ----------
    mean, inverse_variance : (K, D) of the fitted score, inverse variances > 0
    design_threshold : the working point t that the budget is kept at, > 0
    representation : type of the representation
    error_budget : largest |S' − S| / t for jets with S ≤ t
    threshold : the working point that firmware uses (default: t)

    Raises :class:`EdgeoodError` if there is no positive working point, or if a budget so small is asked for
    that 53 bits (exact in every engine) do not hold the intermediate numbers.
    """
    mean, v = np.asarray(mean, np.float64), np.asarray(inverse_variance, np.float64)
    if not (
        np.isfinite(design_threshold)
        and design_threshold > 0
        and np.isfinite(mean).all()
        and np.isfinite(v).all()
    ):
        raise EdgeoodError(
            f"the Mahalanobis score has no usable working point (threshold {design_threshold}); fit the scores again."
        )
    share = error_budget * design_threshold / 4
    mean_fraction = _first(lambda f: _mean_error(mean, v, f, design_threshold) <= share)
    mean_integers = np.rint(mean * 2.0**mean_fraction).astype(np.int64)
    v_fraction = _first(lambda f: _relative_error(v, f) * (design_threshold + share) <= share)
    v_integers = np.rint(v * 2.0**v_fraction).astype(np.int64)
    rounded_mean, rounded_v = mean_integers * 2.0**-mean_fraction, v_integers * 2.0**-v_fraction

    farthest = np.maximum(representation.high - rounded_mean, rounded_mean - representation.low)
    difference = _covering(farthest.max(), max(mean_fraction, representation.fraction), signed=True)
    weight = rounded_v.sum(axis=1).max()
    square_fraction = min(_first(lambda f: weight * 2.0**-f <= share), 2 * difference.fraction)
    square = _covering((farthest**2).max(), square_fraction)
    product_fraction = min(_first(lambda f: mean.shape[1] * 2.0**-f <= share), square_fraction + v_fraction)
    product = _covering((farthest**2 * rounded_v).max(), product_fraction)
    score = _covering((farthest**2 * rounded_v).sum(axis=1).max(), product_fraction)
    v_type = _covering(rounded_v.max(), v_fraction)
    widest = max(2 * difference.bits, square.bits + v_type.bits, score.bits)
    if widest > _EXACT_BITS:
        raise EdgeoodError(
            f"a Mahalanobis score within {error_budget:g} of its working point needs {widest} bits, more than the "
            f"{_EXACT_BITS} that every engine computes exactly; allow a larger score.error_budget."
        )
    return FixedPointMahalanobis(
        mean=mean_integers,
        inverse_variance=v_integers,
        representation_type=representation,
        mean_type=_covering(np.abs(rounded_mean).max(), mean_fraction, signed=bool((mean < 0).any())),
        inverse_variance_type=v_type,
        difference_type=difference,
        square_type=square,
        product_type=product,
        score_type=score,
        threshold=float(design_threshold if threshold is None else threshold),
    )


def _mean_error(mean: NDArray[Any], v: NDArray[Any], fraction: int, threshold: float) -> float:
    """Share 1 of the module docstring, the worst class."""
    error = np.rint(mean * 2.0**fraction) * 2.0**-fraction - mean
    moment = (v * error**2).sum(axis=1)
    return float((2 * np.sqrt(threshold * moment) + moment).max())


def _relative_error(v: NDArray[Any], fraction: int) -> float:
    """ρ of the module docstring, the worst class."""
    return float((np.abs(np.rint(v * 2.0**fraction) * 2.0**-fraction - v) / v).max())


def _first(holds: Callable[[int], bool]) -> int:
    """The smallest number of fraction bits (it may be negative) for which a share is kept."""
    for fraction in range(-_MOST_FRACTION_BITS, _MOST_FRACTION_BITS + 1):
        if holds(fraction):
            return fraction
    raise EdgeoodError("the Mahalanobis score needs too fine constants; allow a larger score.error_budget.")


def _covering(largest: float, fraction: int, signed: bool = False) -> FixedPoint:
    """The narrowest type with that many fraction bits that holds every |value| ≤ ``largest``."""
    integers = int(np.ceil(largest * 2.0**fraction))
    bits = max(integers.bit_length(), 1)
    return FixedPoint(bits + signed, bits - fraction, signed)
