"""The effect on the treated of one comparison, covariates taken into account twice.

Sant'Anna & Zhao (2020, DOI 10.1016/j.jeconom.2020.06.003): the change of those who are compared with
is regressed on the covariates and weighted by the odds of treatment; it holds where either is right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processing.errors import Problem, StatisticsError

Array = NDArray[np.float64]
_ROUNDS = 100
_SURE = 0.999
"""A chance of treatment above which an untreated area would stand for a thousand."""


def doubly_robust(
    change: Array, treated: Array, covariates: Array, sizes: Array
) -> tuple[float, Array]:
    """The effect, and its influence function (areas,), of changes with a constant in `covariates`.

    Shapes: n areas; `treated` is 0 or 1, `sizes` their weights. Raises StatisticsError where
    covariates tell the treated from the others without fail, so that there is nobody to compare.
    Covariates that others add up to, as a category that nobody named, say nothing and are left out.
    """
    n = len(change)
    covariates = _independent(covariates)
    w = sizes / sizes.mean()
    chance, hessian = _chances(treated, covariates, w)
    own, others = w * treated, w * (1 - treated)
    gram = (covariates * others[:, None]).T @ covariates / n
    if np.linalg.matrix_rank(gram) < covariates.shape[1]:
        raise _unlike("they are too few to regress on the covariates")
    inverse = np.linalg.inv(gram)
    slope = inverse @ (covariates.T @ (others * change)) / n
    left = change - covariates @ slope
    regressed = (covariates * (others * left)[:, None]) @ inverse
    scored = (covariates * (w * (treated - chance))[:, None]) @ hessian
    odds = others * chance / (1 - chance)
    of_treated = (own * left).sum() / own.sum()
    of_others = (odds * left).sum() / odds.sum()
    one = own * (left - of_treated) - regressed @ (covariates.T @ own / n)
    turned = covariates.T @ (odds * (left - of_others)) / n
    other = odds * (left - of_others) + scored @ turned - regressed @ (covariates.T @ odds / n)
    influence: Array = one / own.mean() - other / odds.mean()
    return float(of_treated - of_others), influence


def _independent(covariates: Array) -> Array:
    """The columns, first to last, that those before do not add up to."""
    kept: list[int] = []
    for column in range(covariates.shape[1]):
        if np.linalg.matrix_rank(covariates[:, [*kept, column]]) > len(kept):
            kept.append(column)
    return covariates[:, kept]


def _chances(treated: Array, covariates: Array, w: Array) -> tuple[Array, Array]:
    """Chances of treatment by logistic regression, and the inverse of the mean information."""
    slope = np.zeros(covariates.shape[1])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(covariates @ slope, -30, 30)))
        information = (covariates * (w * chance * (1 - chance))[:, None]).T @ covariates
        try:
            step = np.linalg.solve(information, covariates.T @ (w * (treated - chance)))
        except np.linalg.LinAlgError:
            break
        slope = slope + step
        if np.abs(step).max() < 1e-10:
            chance = 1 / (1 + np.exp(-np.clip(covariates @ slope, -30, 30)))
            if (chance[treated == 0] > _SURE).any() or np.abs(slope).max() > 1e4:
                break
            inverse: Array = np.linalg.inv(information / len(treated)).astype(np.float64)
            return chance, inverse
    raise _unlike("the covariates tell treated areas from the others without fail")


def _unlike(why: str) -> StatisticsError:
    return StatisticsError(
        Problem("covariates", f"there is nobody to compare with: {why}", "Name fewer covariates")
    )
