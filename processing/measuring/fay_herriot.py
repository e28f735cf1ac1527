"""Area means that borrow strength from one another: the Fay–Herriot model.

Fay & Herriot (1979, DOI 10.1080/01621459.1979.10482505); mean squared errors by Prasad & Rao (1990,
DOI 10.1080/01621459.1990.10475300) with the terms for REML of Datta & Lahiri (2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from processing.errors import Problem, stop_if_any

Array = NDArray[np.float64]
_STEPS = 200
_PRECISE = 1e-12


@dataclass(frozen=True)
class FayHerriot:
    """Shrunk means of m areas. Arrays are (m,) in the order given; `coefficients` is (p,).

    `kept` is the share of each direct mean that stays: its own variance small, near 1. `variance`
    is that of true means about the regression, and `at_bound` says that it was estimated as none:
    then all areas are given the regression's mean, and the MSE is too small to be believed.
    """

    shrunk: Array
    mse: Array
    kept: Array
    coefficients: Array
    standard_errors: Array
    variance: float
    at_bound: bool

    def to_frame(self) -> pd.DataFrame:
        """A row an area: shrunk, mse, kept."""
        return pd.DataFrame({"shrunk": self.shrunk, "mse": self.mse, "kept": self.kept})

    def __str__(self) -> str:
        bound = " (at its bound)" if self.at_bound else ""
        return (
            f"Fay–Herriot: {len(self.shrunk)} areas, variance of true means {self.variance:.4g}"
            f"{bound}, direct means keep {self.kept.min():.0%} to {self.kept.max():.0%}"
        )


def fay_herriot(
    means: ArrayLike, variances: ArrayLike, covariates: ArrayLike | None = None
) -> FayHerriot:
    """Shrink direct means of areas towards a regression on what else is known of them.

    Definition: y_i = x_i'β + v_i + e_i with e_i ~ (0, D_i) known and v_i ~ (0, A). A is estimated by
    restricted maximum likelihood (Fisher scoring, cut off at 0), β by weighted least squares; the
    mean is γ_i·y_i + (1 − γ_i)·x_i'β with γ_i = A/(A + D_i), and its MSE g1 + g2 + 2·g3.

    Parameters: `means` (m,) in the score's unit; `variances` (m,), their sampling variances, above
    zero; `covariates` (m, p) without a constant, which is always there. More areas than
    coefficients are needed, two at least. Raises StatisticsError.

    Equal to R's metafor 3.8-1: rma(method = "REML") for A, β and its SE, blup for means and g1 + g2.

    >>> areas = fay_herriot([60, 64, 71, 58], [4, 9, 25, 4])
    >>> areas.shrunk.round(1).tolist()
    [60.5, 63.0, 64.7, 59.0]
    """
    y, d = np.asarray(means, float), np.asarray(variances, float)
    x = np.ones((len(y), 1))
    if covariates is not None:
        x = np.column_stack([x, np.asarray(covariates, float).reshape(len(y), -1)])
    stop_if_any(_problems(y, d, x))
    a, at_bound = _variance(y, d, x)
    v = a + d
    weighted = x / v[:, None]
    bread = np.linalg.inv(x.T @ weighted)
    beta = bread @ (weighted.T @ y)
    kept = a / v
    g1 = kept * d
    g2 = (1 - kept) ** 2 * np.einsum("ij,jk,ik->i", x, bread, x)
    g3 = d**2 / v**3 * 2 / (1 / v**2).sum()
    return FayHerriot(
        shrunk=kept * y + (1 - kept) * (x @ beta),
        mse=g1 + g2 + 2 * g3,
        kept=kept,
        coefficients=beta,
        standard_errors=np.sqrt(np.diag(bread)),
        variance=a,
        at_bound=at_bound,
    )


def _variance(y: Array, d: Array, x: Array) -> tuple[float, bool]:
    """REML by Fisher scoring, halving a step that makes the likelihood smaller."""
    a = max(float(np.var(y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) - np.median(d)), 0.0)
    a = a or float(np.median(d))
    value = _restricted(y, d, x, a)
    for _ in range(_STEPS):
        v = a + d
        weighted = x / v[:, None]
        bread = np.linalg.inv(x.T @ weighted)
        left = (y - x @ (bread @ (weighted.T @ y))) / v
        squares = weighted.T @ weighted
        trace = (1 / v).sum() - np.trace(bread @ squares)
        cubes = weighted.T @ (weighted / v[:, None])
        both = bread @ squares
        information = (1 / v**2).sum() - 2 * np.trace(bread @ cubes) + np.trace(both @ both)
        step = (left @ left - trace) / information
        while True:
            tried = max(a + step, 0.0)
            found = _restricted(y, d, x, tried)
            if found >= value - 1e-12 * abs(value) or abs(step) <= _PRECISE * v.mean():
                break
            step /= 2
        moved, a, value = abs(tried - a), tried, found
        if moved <= _PRECISE * v.mean():
            break
    return float(a), bool(a == 0.0)


def _restricted(y: Array, d: Array, x: Array, a: float) -> float:
    """The restricted log-likelihood but for a constant."""
    v = a + d
    weighted = x / v[:, None]
    cross = x.T @ weighted
    left = y - x @ np.linalg.solve(cross, weighted.T @ y)
    return float(-(np.log(v).sum() + np.linalg.slogdet(cross)[1] + (left**2 / v).sum()) / 2)


def _problems(y: Array, d: Array, x: Array) -> list[Problem]:
    found = []
    if y.shape != d.shape or y.ndim != 1:
        return [Problem("variances", f"{d.shape} for means of {y.shape}", "Give one a mean")]
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        found.append(Problem("means", "a mean or covariate is missing", "Leave such areas out"))
    if not (np.isfinite(d).all() and (d > 0).all()):
        at = np.flatnonzero(~(d > 0))[:1]
        where = f"area {at[0]}" if len(at) else "variances"
        found.append(
            Problem(where, "its sampling variance is not above zero", "Leave it out or pool it")
        )
    if len(y) < max(x.shape[1] + 1, 2):
        found.append(
            Problem("means", f"{len(y)} areas for {x.shape[1]} coefficients", "Give more areas")
        )
    elif not found and np.linalg.matrix_rank(x) < x.shape[1]:
        found.append(Problem("covariates", "one is said by the others", "Leave one out"))
    return found
