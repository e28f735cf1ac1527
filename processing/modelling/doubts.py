"""What stands against believing a fitted model, in plain words."""

from collections.abc import Iterator

import numpy as np

from .estimates import Scales
from .solutions import Solution
from .structure import Array


def doubts(solution: Solution) -> Iterator[str]:
    """What a reader must know before believing the numbers, in plain words."""
    if not solution.search.converged:
        yield (
            f"The search did not converge in {solution.search.iterations} steps: the numbers are"
            " no estimates. Look at the items' correlations; simplify the model or gather more"
            " answers."
        )
        return
    yield from impossible(solution)


def impossible(solution: Solution) -> Iterator[str]:
    """Variances below zero and correlations above one (Heywood cases)."""
    table = solution.table
    for matrices, name in zip(solution.matrices(), table.design.groups, strict=True):
        where = f" in group {name}" if name else ""
        scales = Scales.of(matrices, table)
        for item, variance in zip(table.model.items, scales.residual, strict=True):
            if variance < 0:
                yield (
                    f"Heywood case{where}: the residual variance of {item} is {variance:.3f}, and"
                    " a variance cannot be negative. The model does not suit the item, or the"
                    " answers are too few."
                )
        for factor, variance in zip(table.model.factors, scales.disturbance, strict=True):
            if variance < 0:
                yield (
                    f"Heywood case{where}: the variance of {factor} is {variance:.3f}, and a"
                    " variance cannot be negative. Its items have too little in common."
                )
        yield from _impossible_correlations(matrices.phi, table.model.factors, where)


def _impossible_correlations(phi: Array, factors: tuple[str, ...], where: str) -> Iterator[str]:
    variances = np.diag(phi)
    if (variances <= 0).any():
        return
    correlation = phi / np.sqrt(np.outer(variances, variances))
    for a, b in zip(*np.nonzero(np.triu(np.abs(correlation) > 1 + 1e-9, 1)), strict=True):
        yield (
            f"Heywood case{where}: {factors[a]} and {factors[b]} would correlate"
            f" {correlation[a, b]:.3f}. They may be one factor."
        )
