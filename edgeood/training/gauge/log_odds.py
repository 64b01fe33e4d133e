"""Linear log-odds between two samples of representations: logistic regression."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_RIDGE = 1e-4
"""Of the mean loss, in units of the first sample's widths: separable samples have no finite optimum without."""


def linear_log_odds(sample: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
    """(w (D,), b) of the linear function w·r + b nearest to log p(r | ``other``) / p(r | ``sample``).

    Logistic regression (D. R. Cox, J. R. Stat. Soc. B 20 (1958) 215) with half of all weight on each of the samples,
    (N, D) and (M, D). Directions are measured in the standard deviations of ``sample``, so that a small ridge
    penalty means the same in all; a direction in which ``sample`` does not vary is left out.
    """
    from scipy.optimize import minimize

    sample, other = np.asarray(sample, np.float64), np.asarray(other, np.float64)
    mean, width = sample.mean(0), sample.std(0)
    scale = np.divide(1, width, out=np.zeros_like(width), where=width > 0)
    rows = (np.concatenate([sample, other]) - mean) * scale
    rows = np.column_stack([rows, np.ones(len(rows))])
    sign = np.repeat([-1.0, 1.0], [len(sample), len(other)])
    weight = np.repeat([0.5 / len(sample), 0.5 / len(other)], [len(sample), len(other)])
    ridge = np.append(np.full(sample.shape[1], _RIDGE), 0)

    def loss_and_slope(solution: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        margin = sign * (rows @ solution)
        loss = weight @ np.logaddexp(0, -margin) + 0.5 * (ridge * solution) @ solution
        return loss, rows.T @ (-sign * weight / (1 + np.exp(np.clip(margin, -500, 500)))) + ridge * solution

    def curvature(solution: NDArray[Any]) -> NDArray[Any]:
        likely = 1 / (1 + np.exp(-np.clip(rows @ solution, -500, 500)))
        result: NDArray[Any] = rows.T @ (rows * (weight * likely * (1 - likely))[:, None]) + np.diag(
            ridge + 1e-12
        )
        return result

    found = minimize(
        loss_and_slope, np.zeros(rows.shape[1]), jac=True, hess=curvature, method="trust-exact",
        options={"gtol": 1e-9},
    ).x  # fmt: skip
    slope = found[:-1] * scale
    return slope, float(found[-1] - slope @ mean)
