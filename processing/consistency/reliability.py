"""How consistently the items of one scale measure: Cronbach's alpha."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtri

from processing.counting.answers import Weights
from processing.counting.counts import Points
from processing.counting.oddities import odd_counts
from processing.counting.scale_counts import Answers, Missing, scale_counts
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.options import no_level


@dataclass(frozen=True)
class Interval:
    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        return f"[{self.low:.3f}; {self.high:.3f}]"


def of_replicates(
    values: NDArray[np.float64], asked: int, level: float
) -> tuple[Interval, tuple[str, ...]]:
    """Percentiles over the replicates whose model was found, and how many were not, if any."""
    if len(values) < 2:
        raise StatisticsError(
            Problem(
                "replicates",
                f"an interval needs two, and the model was found in {len(values)} of {asked}",
                "Ask for more, or look at the items: they may not belong together",
            )
        )
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]).tolist()
    lost = asked - len(values)
    told = (
        f"in {lost} of {asked} replicates the model was not found; the interval is of the others, and"
        " too narrow"
    )
    return Interval(low, high, level), (told,) if lost else ()


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha of one scale."""

    raw: float
    standardised: float
    """Alpha of the items brought to equal variance."""
    n: int
    """Listwise: rows that answered every item. Pairwise: rows given."""
    k: int
    average_r: float
    """Mean correlation between two items."""
    interval: Interval
    """Feldt's interval of the raw alpha."""
    if_deleted: dict[str, float]
    """Raw alpha without each item; NaN for a scale of two."""
    missing: Missing
    doubts: tuple[str, ...] = ()
    """Items that point the other way than the rest, and rare answers far from all others."""

    def __str__(self) -> str:
        told = f"alpha = {self.raw:.3f} {self.interval}, n = {self.n}, {self.k} items"
        return "\n! ".join([told, *self.doubts])

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame(
            [
                {
                    "alpha": self.raw,
                    "low": self.interval.low,
                    "high": self.interval.high,
                    "standardised": self.standardised,
                    "average_r": self.average_r,
                    "n": self.n,
                    "items": self.k,
                }
            ]
        )


def alpha(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    reversed_items: Sequence[str] = (),
    points: Points | None = None,
    weights: Weights = None,
    level: float = 0.95,
) -> Alpha:
    """Cronbach's alpha: the share of a sum score's variance that its items have in common.

    α = k / (k − 1) · (1 − Σ var(xᵢ) / var(Σ xᵢ)). It equals reliability only if all items load
    alike; otherwise it is a lower bound and `omega` says more.

    Parameters
    ----------
    answers
        One column an item, whole numbers; negative codes and NaN are missing. Or
        `Counts`, or a table in parts: see `Parts`.
    items
        Columns of the scale, by default all. They must point in one direction.
    missing
        "listwise" uses rows that answered every item; "pairwise" takes each covariance from the
        rows that answered both items (the default of R's psych) and states all rows given as n.
    reversed_items, points
        Items to turn round first, and the answers that the scale offers (5 means 1–5, (0, 3)
        means 0–3). Answers outside `points` are refused.
    weights
        Survey weights: a column's name or one number a row. Covariances are weighted, and the
        interval uses Kish's effective number.
    level
        Coverage of Feldt's interval.

    Returns
    -------
    Alpha

    Raises
    ------
    StatisticsError
        For a constant item, two identical items, fewer rows than items, a single item, answers that
        are no whole numbers or lie outside `points`, weights that are not above zero, a reversed
        item that the scale has not, an unknown `missing`, and a level that is not between 0 and 1.

    References
    ----------
    Cronbach 1951, https://doi.org/10.1007/BF02310555; Feldt, Woodruff & Salih 1987,
    https://doi.org/10.1177/014662168701100107

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 3, 5, 4], "c": [1, 3, 2, 4, 5]})
    >>> print(alpha(frame))
    alpha = 0.908 [0.535; 0.990], n = 5, 3 items

    """
    stop_if_any(no_level(level))
    counts = scale_counts(answers, items, missing, reversed_items, points, weights)
    covariance = counts.moments().covariance
    k = len(counts.items)
    raw = _alpha(covariance)
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    effective = counts.effective_rows
    return Alpha(
        raw=raw,
        standardised=_alpha(correlation),
        n=counts.rows,
        k=k,
        average_r=float((correlation.sum() - k) / (k * (k - 1))),
        interval=_feldt(raw, effective, k, level),
        if_deleted=dict(zip(counts.items, alpha_if_deleted(covariance).tolist(), strict=True)),
        missing=missing,
        doubts=odd_counts(counts, correlation, points),
    )


def _alpha(covariance: NDArray[np.float64]) -> float:
    k = len(covariance)
    return float(k / (k - 1) * (1 - np.trace(covariance) / covariance.sum()))


def _feldt(raw: float, n: float, k: int, level: float) -> Interval:
    """(1 − α) / (1 − α̂) follows F with n − 1 and (n − 1)(k − 1) degrees of freedom."""
    tail = (1 - level) / 2
    quantile = fdtri(n - 1, (n - 1) * (k - 1), [1 - tail, tail])
    low, high = 1 - (1 - raw) * quantile
    return Interval(float(low), float(high), level)


def alpha_if_deleted(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    k = len(covariance)
    if k < 3:
        return np.full(k, np.nan)
    own = np.diag(covariance)
    rest = variance_of_rest(covariance)
    return np.asarray((k - 1) / (k - 2) * (1 - (own.sum() - own) / rest))


def variance_of_rest(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(items,): variance of the sum of all other items."""
    return np.asarray(covariance.sum() - 2 * covariance.sum(axis=0) + np.diag(covariance))
