"""Fisher scoring with a trust region of Levenberg and Marquardt."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .structure import Array

ITERATIONS = 500
ENOUGH = 1e-13
"""The search ends where the best further step would lower the discrepancy by less than this."""
NEARLY = 1e-9
"""As ENOUGH, where rounding keeps every further step from being seen."""
WALL = 1e10
"""A ridge above this makes steps so short that none can help."""


class Discrepancy(Protocol):
    """How far a model is from the data; half of it is minus a log likelihood per row."""

    def value(self, values: Array) -> float:
        """Infinite where the model is not defined."""

    def expand(self, values: Array) -> tuple[float, Array, Array]:
        """The discrepancy, half its gradient and half its expected second derivative."""


@dataclass(frozen=True)
class Search:
    """Where a search ended."""

    values: Array
    discrepancy: float
    iterations: int
    converged: bool
    information: Array | None = field(default=None, repr=False, compare=False)
    """Half the expected second derivative at these values."""


def minimise(discrepancy: Discrepancy, start: Array) -> Search:
    """Lower the discrepancy until no step is worth making.

    A step solves (I + r diag I) step = -gradient; r grows when a step fails and shrinks when it
    succeeds, so that far from the minimum the search walks downhill and near it scores.
    """
    values, ridge = start, 1e-3
    if not np.isfinite(discrepancy.value(start)):
        return Search(values, np.inf, 0, converged=False)
    current, gradient, information = discrepancy.expand(values)
    for iteration in range(1, ITERATIONS + 1):
        gain = float(gradient @ _solve(information, gradient))
        if gain < ENOUGH:
            return Search(values, current, iteration, converged=True, information=information)
        scale = np.diag(np.maximum(np.diag(information), 1e-10))
        tried = np.inf
        while not tried <= current * (1 + 1e-15) and ridge < WALL:
            proposed = values - _solve(information + ridge * scale, gradient)
            tried = discrepancy.value(proposed)
            ridge *= 10
        if not np.isfinite(tried) or tried > current * (1 + 1e-15):
            ended = gain < NEARLY
            return Search(values, current, iteration, converged=ended, information=information)
        values, ridge = proposed, max(ridge / 100, 1e-12)
        current, gradient, information = discrepancy.expand(values)
    return Search(values, current, ITERATIONS, converged=False)


def _solve(matrix: Array, vector: Array) -> Array:
    try:
        return np.linalg.solve(matrix, vector)
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(matrix, vector, rcond=None)[0]
