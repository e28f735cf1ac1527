"""Unrotated loadings of k factors: minimum residuals or maximum likelihood."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from processing.errors import Problem, StatisticsError

Array = NDArray[np.float64]
Extraction: TypeAlias = Literal["minres", "ml"]

SMALLEST_UNIQUENESS = 0.005
"""A communality above .995 is held there, as psych and factanal do."""


def extract(correlation: Array, factors: int, method: Extraction) -> Array:
    """(p, k) loadings, factors in descending order of what they explain.

    The misfit is a function of the uniquenesses alone, because the best loadings for given
    uniquenesses are eigenvectors. Its slope is given to the optimiser; without it, each step would
    need one eigendecomposition an item.
    """
    inverse = np.linalg.inv(correlation)
    start = np.clip(1 / np.diag(inverse), SMALLEST_UNIQUENESS, 1)
    misfit = _residuals if method == "minres" else _likelihood
    found = minimize(
        misfit,
        start,
        args=(correlation, factors),
        jac=True,
        method="L-BFGS-B",
        bounds=[(SMALLEST_UNIQUENESS, 1)] * len(start),
        options={"maxiter": 2000, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-8},
    )
    # L-BFGS-B reports "abnormal" when rounding hides any further descent; the slope decides.
    slope = misfit(found.x, correlation, factors)[1]
    inside = (found.x > SMALLEST_UNIQUENESS) & (found.x < 1)
    if np.abs(slope[inside]).max(initial=0) > 1e-4:
        raise StatisticsError(
            Problem(
                f"{factors} factors",
                "the extraction did not converge",
                "Try fewer factors, or the other extraction",
            )
        )
    return (_minres_loadings if method == "minres" else _ml_loadings)(found.x, correlation, factors)


def _residuals(uniqueness: Array, correlation: Array, factors: int) -> tuple[float, Array]:
    """Half the squared eigenvalues that k factors leave over, and its slope."""
    values, vectors = np.linalg.eigh(correlation - np.diag(uniqueness))
    left, rest = values[:-factors], vectors[:, :-factors]
    return float(left @ left / 2), -(rest**2) @ left


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
