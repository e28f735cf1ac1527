"""Omega: how much of a sum score one common factor explains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from processing.counting.counts import Counts, Points
from processing.counting.oddities import odd_counts
from processing.counting.patterns import count_patterns
from processing.counting.scale_counts import Answers, name_of, scale_counts
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.options import no_level, too_few, unknown_word

from .one_factor import OneFactor, fit_one_factor
from .reliability import Interval, of_replicates

Array = NDArray[np.float64]
Method: TypeAlias = Literal["delta", "bootstrap"]


@dataclass(frozen=True)
class Omega:
    """McDonald's omega total of one scale under a one-factor model."""

    total: float
    se: float
    interval: Interval
    n: int
    k: int
    loadings: dict[str, float]
    """Standardised loadings."""
    method: Method
    heywood: tuple[str, ...]
    """Items whose residual variance came out below zero: the model does not describe them."""
    doubts: tuple[str, ...] = ()
    """Items that point the other way than the rest, and rare answers far from all others."""

    def __str__(self) -> str:
        text = f"omega = {self.total:.3f} {self.interval}, n = {self.n}, {self.k} items"
        if self.heywood:
            text += f"; residual variance below zero: {', '.join(self.heywood)}"
        return "\n! ".join([text, *self.doubts])

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame(
            [
                {
                    "omega": self.total,
                    "se": self.se,
                    "low": self.interval.low,
                    "high": self.interval.high,
                    "n": self.n,
                    "items": self.k,
                }
            ]
        )


def omega(
    answers: Answers,
    items: Sequence[str] | None = None,
    *,
    reversed_items: Sequence[str] = (),
    points: Points | None = None,
    level: float = 0.95,
    method: Method = "delta",
    replicates: int = 1000,
    seed: int = 0,
) -> Omega:
    """Omega total: the share of a sum score's variance that one common factor explains.

    ω = (Σ λᵢ)² / ((Σ λᵢ)² + Σ θᵢ), with loadings λ and residual variances θ of the one-factor model
    fitted by maximum likelihood to the rows that answered every item.

    Parameters
    ----------
    answers
        One column an item, whole numbers; negative codes and NaN are missing. Or `Counts` made
        with `complete=True`.
    items, reversed_items, points
        As in `alpha`. At least three items.
    level, method, replicates, seed
        Coverage of the interval. "delta" takes it from the expected information, which supposes
        normal answers; "bootstrap" draws the rows anew and needs a frame: the standard deviation
        and the percentiles of omega over the replicates, the same for the same seed.
        Replicates whose model is not found are left out and counted among the doubts.

    Returns
    -------
    Omega

    Raises
    ------
    StatisticsError
        As `alpha`, and for fewer than three items, a singular covariance matrix, or a model that
        does not converge.

    References
    ----------
    McDonald 1999, Test theory, ISBN 978-0-8058-3075-8; Raykov 2002,
    https://doi.org/10.1207/S15327906MBR3701_04

    Examples
    --------
    >>> import pandas as pd
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(3, 1, size=500)
    >>> frame = pd.DataFrame({item: np.rint(trait + rng.normal(size=500)) for item in "abcd"})
    >>> print(omega(frame.clip(1, 5)))
    omega = 0.745 [0.709; 0.781], n = 500, 4 items

    """
    stop_if_any([*unknown_word("method", method, Method), *no_level(level)])
    if method == "bootstrap":
        stop_if_any(too_few("replicates", replicates, 2))
    counts = scale_counts(answers, items, "listwise", reversed_items, points, None)
    covariance = counts.moments().covariance
    stop_if_any(_unfit_for_a_factor(counts, covariance))
    spread = np.sqrt(np.diag(covariance))
    fit = fit_one_factor(covariance)
    if not fit.converged:
        raise StatisticsError(_not_converged(counts.items, fit))
    total = float(_omega_of(fit))
    lost: tuple[str, ...] = ()
    if method == "bootstrap":
        signs = np.where(np.isin(counts.items, list(reversed_items)), -1.0, 1.0)
        drawn = _drawn_anew(answers, counts.items, signs, replicates, seed)
        interval, lost = of_replicates(drawn, replicates, level)
        se = float(drawn.std(ddof=1))
    else:
        se = float(_delta_error(fit, counts.rows))
        reach = float(ndtri((1 + level) / 2)) * se
        interval = Interval(total - reach, total + reach, level)
    standardised = fit.loadings / np.sqrt(fit.loadings**2 + fit.residuals)
    return Omega(
        total=total,
        se=se,
        interval=interval,
        n=counts.rows,
        k=len(counts.items),
        loadings=dict(zip(counts.items, standardised.tolist(), strict=True)),
        method=method,
        heywood=tuple(
            item for item, left in zip(counts.items, fit.residuals, strict=True) if left < 0
        ),
        doubts=(*odd_counts(counts, covariance / np.outer(spread, spread), points), *lost),
    )


def _unfit_for_a_factor(counts: Counts, covariance: Array) -> list[Problem]:
    k = len(counts.items)
    if k < 3:
        return [
            Problem(
                name_of(counts.items),
                f"a one-factor model needs three items, got {k}",
                "Report alpha instead, or add an item",
            )
        ]
    if np.linalg.cond(covariance) > 1 / np.finfo(float).eps:
        return [
            Problem(
                name_of(counts.items),
                f"the covariance matrix of {counts.rows} rows is singular",
                "Leave out items that follow from others, or gather more rows",
            )
        ]
    return []


def _not_converged(items: Sequence[str], fit: OneFactor) -> Problem:
    beyond = [item for item, left in zip(items, fit.residuals, strict=True) if left < 0]
    named = f": the factor runs away with {', '.join(beyond)}" if beyond else ""
    return Problem(
        name_of(items),
        f"the one-factor model did not converge{named}",
        "Look at the item-rest correlations: the items may not belong together",
    )


def _omega_of(fit: OneFactor) -> Array:
    """(…,) omega of each fit in the stack."""
    common = fit.loadings.sum(axis=-1) ** 2
    return np.asarray(common / (common + fit.residuals.sum(axis=-1)))


def _delta_error(fit: OneFactor, n: int) -> Array:
    """(…,) standard error of omega from the model's expected information."""
    common, left = fit.loadings.sum(axis=-1), fit.residuals.sum(axis=-1)
    variance = common**2 + left
    slope = np.concatenate(
        [
            np.ones_like(fit.loadings) * (2 * common * left / variance**2)[..., None],
            np.ones_like(fit.residuals) * (-(common**2) / variance**2)[..., None],
        ],
        axis=-1,
    )
    spread = np.linalg.solve(fit.information, slope[..., None])[..., 0]
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", slope, spread) / n))


def _drawn_anew(
    answers: Answers, items: Sequence[str], signs: Array, replicates: int, seed: int
) -> Array:
    """Omega of each replicate whose model converged."""
    if isinstance(answers, Counts):
        raise StatisticsError(
            Problem(
                "method 'bootstrap'",
                "rows cannot be drawn anew from counts of pairs",
                "Give the frame, or use method='delta'",
            )
        )
    patterns = count_patterns(answers, items, complete=True)
    covariances = patterns.resampled_covariances(replicates, np.random.default_rng(seed))
    fit = fit_one_factor(covariances * signs[:, None] * signs)
    return _omega_of(fit)[fit.converged]
