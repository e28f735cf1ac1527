"""Reliability when answers are ordered categories: ordinal alpha and categorical omega."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from processing.counting.answers import read_rows
from processing.counting.counts import Counts, Points, span_of
from processing.counting.oddities import odd_counts
from processing.counting.parts import Table, parts_of
from processing.counting.scale_counts import name_of, scale_counts
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.factoring.bivariate_normal import FAR, probability
from processing.factoring.polychoric_covariance import Influence, casewise_products, influence
from processing.factoring.polychorics import Polychoric, polychoric_of
from processing.options import no_level

from .reliability import Interval

Array = NDArray[np.float64]

SMALL_CHANGE = 1e-5
STEPS = 200
SMALL_STEP = 1e-12
HALVINGS = 30
SINGULAR = 1e12
"""Condition of the normal equations from which on they determine nothing."""


@dataclass(frozen=True)
class OrdinalReliability:
    """A reliability from thresholds and polychoric correlations."""

    name: str
    value: float
    se: float
    interval: Interval
    loadings: dict[str, float]
    """Standardised loadings of the one-factor model; empty for alpha."""
    n: int
    k: int
    doubts: tuple[str, ...] = ()
    """Items that point the other way than the rest, and rare answers far from all others."""

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame(
            [
                {
                    "coefficient": self.name,
                    "value": self.value,
                    "se": self.se,
                    "low": self.interval.low,
                    "high": self.interval.high,
                    "n": self.n,
                    "items": self.k,
                }
            ]
        )

    def __str__(self) -> str:
        told = f"{self.name} = {self.value:.3f} {self.interval}, n = {self.n}, {self.k} items"
        return "\n! ".join([told, *self.doubts])


def ordinal_alpha(
    answers: Table,
    items: Sequence[str] | None = None,
    *,
    reversed_items: Sequence[str] = (),
    points: Points | None = None,
    level: float = 0.95,
) -> OrdinalReliability:
    """Alpha of the normal variables behind ordered answers.

    α = k / (k − 1) · (1 − k / Σ P) with the polychoric correlations P. It speaks of scores that
    nobody has, the sums of the variables behind the answers; for sums of the answers themselves
    see `categorical_omega`.

    Parameters
    ----------
    answers, items, reversed_items, points
        As in `alpha`; rows that answered every item are used.
    level
        Coverage of the interval, by the delta method from the correlations' covariance.

    Returns
    -------
    OrdinalReliability

    Raises
    ------
    StatisticsError
        As `polychoric`.

    References
    ----------
    Zumbo, Gadermann & Zeisser 2007, https://doi.org/10.22237/jmasm/1177992180; Chalmers 2018,
    https://doi.org/10.1177/0013164417727036

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(3, 1, size=500)
    >>> frame = pd.DataFrame({item: np.rint(trait + rng.normal(size=500)) for item in "abcd"})
    >>> print(ordinal_alpha(frame.clip(1, 5)))
    ordinal alpha = 0.771 [0.735; 0.807], n = 500, 4 items

    """
    stop_if_any(no_level(level))
    counts = scale_counts(answers, items, "listwise", reversed_items, points, None)
    found = polychoric_of(counts)
    k = len(counts.items)

    def value(_: Array, correlations: Array) -> Array:
        return np.asarray(k / (k - 1) * (1 - k / (k + 2 * correlations.sum(axis=-1))))

    covariance = _covariance(found, counts, answers, reversed_items, points)
    doubts = odd_counts(counts, found.correlation, points)
    return _estimate("ordinal alpha", value, found, covariance, {}, level, doubts)


def categorical_omega(
    answers: Table,
    items: Sequence[str] | None = None,
    *,
    reversed_items: Sequence[str] = (),
    points: Points | None = None,
    level: float = 0.95,
) -> OrdinalReliability:
    """Omega of the sum of ordered answers (Green & Yang).

    One factor is fitted to the polychoric correlations by diagonally weighted least squares. The
    factor's share in the covariance of two answers is what two normal variables with correlation
    λᵢλⱼ, cut at the items' thresholds, would show; omega is the sum of these shares over the
    variance of the sum that the polychoric correlations imply.

    Parameters
    ----------
    answers, items, reversed_items, points
        As in `alpha`; rows that answered every item are used. At least three items.
    level
        Coverage of the interval, by the delta method from the covariance of thresholds and
        correlations.

    Returns
    -------
    OrdinalReliability

    Raises
    ------
    StatisticsError
        As `polychoric`, for fewer than three items, a model that does not converge, and a loading
        of one or more.

    References
    ----------
    Green & Yang 2009, https://doi.org/10.1007/s11336-008-9099-3

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(3, 1, size=500)
    >>> frame = pd.DataFrame({item: np.rint(trait + rng.normal(size=500)) for item in "abcd"})
    >>> print(categorical_omega(frame.clip(1, 5)))
    categorical omega = 0.750 [0.714; 0.786], n = 500, 4 items

    """
    stop_if_any(no_level(level))
    counts = scale_counts(answers, items, "listwise", reversed_items, points, None)
    if len(counts.items) < 3:
        raise StatisticsError(
            Problem(
                name_of(counts.items),
                f"a one-factor model needs three items, got {len(counts.items)}",
                "Report ordinal alpha instead, or add an item",
            )
        )
    found = polychoric_of(counts)
    covariance = _covariance(found, counts, answers, reversed_items, points)
    weights = 1 / np.diag(covariance)[-len(found.pairs()) :]
    solved = _one_factor(found.pairs(), weights, found.correlation)
    if solved is None:
        raise StatisticsError(_not_converged(counts.items))
    loadings, response = solved
    stop_if_any(_nothing_left(counts.items, loadings))

    def value(thresholds: Array, correlations: Array) -> Array:
        moved = loadings + (correlations - found.pairs()) @ response.T
        return _green_yang(_cuts(thresholds, found), correlations, moved)

    told = dict(zip(counts.items, loadings.tolist(), strict=True))
    doubts = odd_counts(counts, found.correlation, points)
    return _estimate("categorical omega", value, found, covariance, told, level, doubts)


def _nothing_left(items: Sequence[str], loadings: Array) -> list[Problem]:
    return [
        Problem(
            f"item {item!r}",
            f"its loading is {loading:.3f}, so nothing of its variance is left (Heywood case)",
            "Leave the item out, or one that it resembles",
        )
        for item, loading in zip(items, loadings.tolist(), strict=True)
        if abs(loading) >= 1
    ]


def _covariance(
    found: Polychoric,
    counts: Counts,
    answers: Table,
    reversed_items: Sequence[str],
    points: Points | None,
) -> Array:
    """Covariance of √n times thresholds and correlations: a second pass over the complete rows."""
    ends = None if points is None else sum(span_of(points))
    turned = np.isin(counts.items, list(reversed_items)) if ends is not None else None
    task = partial(
        _products,
        items=counts.items,
        turned=turned,
        ends=ends,
        moved=influence(found, counts),
        codes=found.codes,
    )
    return np.asarray(parts_of(answers).add_up(task, counts.items) / found.n)


def _products(
    frame: pd.DataFrame,
    items: Sequence[str],
    turned: NDArray[np.bool_] | None,
    ends: int | None,
    moved: Influence,
    codes: Sequence[Sequence[int]],
) -> Array:
    rows, _ = read_rows(frame, items, None, complete=True)
    if turned is not None and ends is not None:
        rows[turned] = ends - rows[turned]
    return casewise_products(moved, codes, rows)


def _estimate(
    name: str,
    value: Callable[[Array, Array], Array],
    found: Polychoric,
    covariance: Array,
    loadings: dict[str, float],
    level: float,
    doubts: tuple[str, ...],
) -> OrdinalReliability:
    """The value with its standard error: slopes by central differences, times the covariance."""
    at = np.concatenate([*found.thresholds, found.pairs()])
    cut = sum(len(part) for part in found.thresholds)
    step = SMALL_CHANGE * np.eye(len(at))
    around = np.concatenate([at + step, at - step, [at]])
    values = value(around[:, :cut], around[:, cut:])
    slope = (values[: len(at)] - values[len(at) : -1]) / (2 * SMALL_CHANGE)
    middle = float(values[-1])
    se = float(np.sqrt(slope @ covariance @ slope / found.n))
    reach = float(ndtri((1 + level) / 2)) * se
    return OrdinalReliability(
        name=name,
        value=middle,
        se=se,
        interval=Interval(middle - reach, middle + reach, level),
        loadings=loadings,
        n=found.n,
        k=len(found.items),
        doubts=doubts,
    )


def _not_converged(items: Sequence[str]) -> Problem:
    return Problem(
        name_of(items),
        "the one-factor model did not converge",
        "Look at the polychoric correlations: the items may not belong together",
    )


def _one_factor(correlations: Array, weights: Array, around: Array) -> tuple[Array, Array] | None:
    """(k,) loadings that leave the least weighted squares of r − λᵢλⱼ, and their slopes (k, m) in r.

    The slopes follow from the condition that the weighted residuals' slope stays zero. None where
    the search does not end, or the loadings it ends at are not determined.
    """
    k = len(around)
    first, second = np.triu_indices(k, 1)
    values, vectors = np.linalg.eigh(around)
    loadings = vectors[:, -1] * np.sqrt(values[-1])
    loadings = np.clip(loadings * (-1 if loadings.sum() < 0 else 1), -0.9, 0.9)
    slope = np.zeros((len(correlations), k))
    rows = np.arange(len(correlations))

    def left_by(tried: Array) -> Array:
        return np.asarray(correlations - tried[first] * tried[second])

    for _ in range(STEPS):
        slope[rows, first], slope[rows, second] = loadings[second], loadings[first]
        left = left_by(loadings)
        inner = (slope.T * weights) @ slope
        if np.linalg.cond(inner) > SINGULAR:
            return None
        step = np.linalg.solve(inner, (slope.T * weights) @ left)
        if np.abs(step).max() < SMALL_STEP:
            break
        # A whole step may leap over the least; halved often enough, one that descends does not.
        misfit = weights @ left**2
        sizes = 0.5 ** np.arange(HALVINGS)
        size = next(
            (s for s in sizes if weights @ left_by(loadings + s * step) ** 2 < misfit), None
        )
        if size is None:
            if np.abs(step).max() < np.sqrt(SMALL_STEP):
                break
            return None
        loadings = loadings + size * step
    else:
        return None
    inner[first, second] -= weights * left
    inner[second, first] -= weights * left
    return np.asarray(loadings), np.asarray(np.linalg.solve(inner, slope.T * weights))


def _cuts(thresholds: Array, found: Polychoric) -> Array:
    """(…, k, most thresholds), shorter items filled with FAR."""
    lengths = [len(part) for part in found.thresholds]
    cuts = np.full((*thresholds.shape[:-1], len(lengths), max(lengths)), FAR)
    item = np.repeat(np.arange(len(lengths)), lengths)
    place = np.concatenate([np.arange(length) for length in lengths])
    cuts[..., item, place] = thresholds
    return cuts


def _green_yang(cuts: Array, correlations: Array, loadings: Array) -> Array:
    """(…,) omega of thresholds (…, k, K − 1), correlations (…, m) and loadings (…, k)."""
    first, second = np.triu_indices(loadings.shape[-1], 1)
    left, right = cuts[..., first, :], cuts[..., second, :]
    shared = _covariances(left, right, loadings[..., first] * loadings[..., second])
    own = _covariances(cuts, cuts, loadings**2)
    implied = _covariances(left, right, correlations)
    return np.asarray((2 * shared + own) / (2 * implied + _variances(cuts)))


def _covariances(x: Array, y: Array, r: Array) -> Array:
    """(…,) Σ over pairs of the covariance of answers whose normal variables correlate by r.

    An answer is the number of thresholds passed, so its covariance with another is the sum over
    both items' thresholds of P(both below) − P(one below) P(other below). Fillers add nothing.
    """
    x, y = x[..., :, None], y[..., None, :]
    both = probability(x, y, r[..., None, None])
    return np.asarray((both - ndtr(x) * ndtr(y)).sum(axis=(-3, -2, -1)))


def _variances(cuts: Array) -> Array:
    """(…,) Σ over items of the variance of the answer."""
    below = ndtr(cuts)
    both = ndtr(np.minimum(cuts[..., :, None], cuts[..., None, :]))
    apart = below[..., :, None] * below[..., None, :]
    return np.asarray((both - apart).sum(axis=(-3, -2, -1)))
