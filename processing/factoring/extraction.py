"""Unrotated loadings of k factors: minimum residuals or maximum likelihood."""

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from processing.errors import Problem, StatisticsError

Array = NDArray[np.float64]
Extraction: TypeAlias = Literal["minres", "ml"]
Misfit: TypeAlias = Callable[[Array, Array, int], tuple[float, Array]]

SMALLEST_UNIQUENESS = 0.005
"""A communality above .995 is held there, as psych and factanal do."""


UNIT = 0.01
"""Uniquenesses are searched in hundredths, as R's `optim` does with psych's `parscale`."""

LEAST_GAIN = 1e7 * np.finfo(np.float64).eps
"""Share of the misfit below which a step ends the search; R's `factr`."""

STEEP = 1e-2
"""A slope that R's search must not leave; where it does, the search goes on without its limits."""

FEW_STARTS = 5
"""Drawn besides the usual ones."""

MORE_STARTS = 20
"""Drawn where those part, or leave an item without variance of its own."""

LOWER = 1e-3
"""Share by which another start must lower the misfit: less than that is where a search happens to
end on a flat floor, and there the end that psych reaches is kept."""

NOTHING = 1e-9
"""A misfit that is none."""


def extract(correlation: Array, factors: int, method: Extraction) -> Array:
    """(p, k) loadings, factors in descending order of what they explain.

    The misfit is a function of the uniquenesses alone, because the best loadings for given
    uniquenesses are eigenvectors. Its slope is given to the optimiser; without it, each step would
    need one eigendecomposition an item.

    Scale, memory and end of the search are those of psych: where the misfit is flat, the fifth
    digit of a loading hangs on where a search ends, and loadings ought not to differ by program.
    A misfit may have several valleys, above all where more factors are asked for than the items
    bear; see `_lowest`.
    """
    misfit = _residuals if method == "minres" else _likelihood
    found = _lowest(misfit, correlation, factors)
    if _steepest(misfit, found, correlation, factors) > STEEP:
        found = _search(misfit, found, correlation, factors, 0.0)
        if _steepest(misfit, found, correlation, factors) > STEEP:
            raise StatisticsError(
                Problem(
                    f"{factors} factor{'s' * (factors != 1)}",
                    "the extraction did not converge",
                    "Try fewer factors, or the other extraction",
                )
            )
    return (_minres_loadings if method == "minres" else _ml_loadings)(found, correlation, factors)


def _lowest(misfit: Misfit, correlation: Array, factors: int) -> Array:
    """(p,) uniquenesses of the lowest valley that several starts lead to.

    One start is psych's for minimum residuals, one its for maximum likelihood (.5), one the squared
    multiple correlations, and a few are drawn, always the same. Where these end apart or at the
    bound, valleys are many, and more are drawn.
    """
    specific = np.clip(1 / np.diag(np.linalg.inv(correlation)), SMALLEST_UNIQUENESS, 1)
    drawn = np.random.default_rng(0).uniform(
        SMALLEST_UNIQUENESS, 1, (FEW_STARTS + MORE_STARTS, len(specific))
    )
    first = (specific, np.full(len(specific), 0.5), 1 - specific, *drawn[:FEW_STARTS])
    ends = [_search(misfit, start, correlation, factors, LEAST_GAIN) for start in first]
    heights = [misfit(end, correlation, factors)[0] for end in ends]
    parted = max(heights) > (1 + LOWER) * min(heights) + NOTHING
    if parted or min(end.min() for end in ends) < SMALLEST_UNIQUENESS * (1 + LOWER):
        more = drawn[FEW_STARTS:]
        ends += [_search(misfit, start, correlation, factors, LEAST_GAIN) for start in more]
        heights += [misfit(end, correlation, factors)[0] for end in ends[len(first) :]]
    if heights[0] <= (1 + LOWER) * min(heights) + NOTHING:
        return ends[0]
    return _search(misfit, ends[int(np.argmin(heights))], correlation, factors, 0.0)


def _search(
    misfit: Misfit, start: Array, correlation: Array, factors: int, least_gain: float
) -> Array:
    def scaled(place: Array) -> tuple[float, Array]:
        value, slope = misfit(place * UNIT, correlation, factors)
        return value, slope * UNIT

    found = minimize(
        scaled,
        start / UNIT,
        jac=True,
        method="L-BFGS-B",
        bounds=[(SMALLEST_UNIQUENESS / UNIT, 1 / UNIT)] * len(start),
        options={"maxiter": 2000, "maxfun": 5000, "ftol": least_gain, "gtol": 0, "maxcor": 5},
    )
    return np.asarray(found.x * UNIT)


def _steepest(misfit: Misfit, place: Array, correlation: Array, factors: int) -> float:
    """The largest slope of a uniqueness that is not held at a bound."""
    slope = misfit(place, correlation, factors)[1]
    inside = (place > SMALLEST_UNIQUENESS * (1 + 1e-9)) & (place < 1 - 1e-9)
    return float(np.abs(slope[inside]).max(initial=0))


def _residuals(uniqueness: Array, correlation: Array, factors: int) -> tuple[float, Array]:
    """Squared residuals of the pairs that k factors leave over, and its slope.

    The slope is that of all residuals, the diagonal's among them, as in psych; both vanish at one
    place, where the diagonal is met.
    """
    values, vectors = np.linalg.eigh(correlation - np.diag(uniqueness))
    rest = vectors[:, :-factors]
    residual = (rest * values[:-factors]) @ rest.T
    pairs = ((residual**2).sum() - (np.diag(residual) ** 2).sum()) / 2
    return float(pairs), -np.diag(residual)


def _likelihood(uniqueness: Array, correlation: Array, factors: int) -> tuple[float, Array]:
    """The likelihood's misfit, Σ (λ − ln λ − 1) over the eigenvalues left over, and its slope."""
    root = np.sqrt(uniqueness)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    left, rest = values[:-factors], vectors[:, :-factors]
    return float(np.sum(left - np.log(left) - 1)), (rest**2) @ (1 - left) / uniqueness


def _minres_loadings(uniqueness: Array, correlation: Array, factors: int) -> Array:
    values, vectors = np.linalg.eigh(correlation - np.diag(uniqueness))
    kept = np.sqrt(np.maximum(values[-factors:], 0))
    return np.asarray((vectors[:, -factors:] * kept)[:, ::-1])


def _ml_loadings(uniqueness: Array, correlation: Array, factors: int) -> Array:
    root = np.sqrt(uniqueness)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    kept = np.sqrt(np.maximum(values[-factors:] - 1, 0))
    return np.asarray((root[:, None] * vectors[:, -factors:] * kept)[:, ::-1])
