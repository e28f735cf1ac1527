"""How much of a factor's sum score the factor itself explains, in a fitted model."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from processing.factoring.bivariate_normal import FAR, probability

from .least_squares import LeastSquares, item_scale
from .solutions import Solution
from .structure import Array, Matrices

STEP = 1e-4
"""Of a numerical derivative, in standard errors of the parameter: so it fits any unit of answers."""


@dataclass(frozen=True)
class FactorReliability:
    """Reliability of the sum of the items that a factor measures, itself or through others."""

    factor: str
    group: str
    items: tuple[str, ...]
    omega: float
    """Share of the sum's variance that is the factor's (McDonald; Bollen).

    For ordinal items it is the sum of the answers, not of the responses behind them: Green and
    Yang (2009), https://doi.org/10.1007/s11336-008-9099-3.
    """
    se: float
    """By the delta method."""
    average_variance: float
    """Mean share of an item's variance that is the factor's (for ordinal items, of the response)."""


@dataclass(frozen=True)
class ModelReliability:
    """Of every factor in every group."""

    factors: tuple[FactorReliability, ...]

    def __iter__(self) -> Iterator[FactorReliability]:
        return iter(self.factors)

    def to_frame(self) -> pd.DataFrame:
        """One row a factor and group."""
        return pd.DataFrame([asdict(row) for row in self.factors])

    def __str__(self) -> str:
        return self.to_frame().drop(columns="items").round(3).to_string(index=False)


def reliability_of(solution: Solution) -> ModelReliability:
    """Omega and average variance extracted of every factor in every group.

    omega = (sum of loadings)^2 var(factor) / variance of the sum, all as the model implies them;
    a factor of higher order counts with its loadings on the items through the lower factors. Items
    of the opposite direction must be turned first: their loadings cancel those of the others.
    """
    table, values = solution.table, solution.optimum
    covariance = solution.data.estimate_covariance(table, values)
    omegas = _omegas(solution, values)
    steps = STEP * np.sqrt(np.diag(covariance))
    slopes = [
        (_omegas(solution, values + step) - _omegas(solution, values - step)) / (2 * step.sum())
        for step in np.diag(steps)
    ]
    jacobian = np.array(slopes).T
    spread = np.sqrt(((jacobian @ covariance) * jacobian).sum(axis=1))
    shares = _average_variances(solution)
    places = [(group, factor) for group in table.design.groups for factor in table.model.factors]
    reached = {factor: _reached(solution, factor) for factor in table.model.factors}
    return ModelReliability(
        tuple(
            FactorReliability(
                factor=factor,
                group=group,
                items=tuple(table.model.items[place] for place in reached[factor]),
                omega=float(omega),
                se=float(se),
                average_variance=float(share),
            )
            for (group, factor), omega, se, share in zip(
                places, omegas, spread, shares, strict=True
            )
        )
    )


def _reached(solution: Solution, factor: str) -> list[int]:
    """Positions of the items below a factor."""
    model = solution.table.model
    found: set[int] = set()
    for name in model.indicators(factor):
        found |= {model.items.index(name)} if name in model.items else set(_reached(solution, name))
    return sorted(found)


def _omegas(solution: Solution, values: Array) -> Array:
    """One a group and factor."""
    discrepancy = solution.data.discrepancy(solution.table)
    chosen = [_reached(solution, factor) for factor in solution.table.model.factors]
    found: list[float] = []
    for matrices, cuts in _filled(solution, values, discrepancy):
        for place, items in enumerate(chosen):
            effect, variance = _effect(matrices, place)
            own = np.outer(effect, effect)[np.ix_(items, items)] * variance
            whole = matrices.sigma[np.ix_(items, items)]
            if cuts is not None:
                scale = _scales(discrepancy, matrices)[items]
                both = np.outer(scale, scale)
                own = _answer_covariances(cuts[items], own * both)
                whole = _answer_covariances(cuts[items], whole * both, itself=True)
            found.append(float(own.sum() / whole.sum()))
    return np.array(found)


def _filled(
    solution: Solution, values: Array, discrepancy: object
) -> Iterator[tuple[Matrices, Array | None]]:
    """Each group's matrices, and for ordinal items its thresholds filled up with FAR."""
    matrices = solution.matrices(values)
    if not isinstance(discrepancy, LeastSquares):
        yield from ((filled, None) for filled in matrices)
        return
    place = discrepancy.layout
    for filled, implied in zip(matrices, discrepancy.implied(values), strict=True):
        cuts = np.full(filled.tau.shape, FAR)
        cuts[place.item, place.category] = implied[: len(place.item)]
        yield filled, cuts


def _scales(discrepancy: object, matrices: Matrices) -> Array:
    if not isinstance(discrepancy, LeastSquares):
        return np.ones(len(matrices.nu))
    return item_scale(matrices, residual_scale=discrepancy.residual_scale)


def _effect(matrices: Matrices, factor: int) -> tuple[Array, float]:
    """(p,) what the factor does to the items, directly and through others, and its variance."""
    through = matrices.lambda_ @ matrices.spread
    return through[:, factor], float(matrices.phi[factor, factor])


def _answer_covariances(cuts: Array, correlation: Array, *, itself: bool = False) -> Array:
    """(k, k) covariances of answers whose responses correlate so.

    An answer is the number of thresholds that its response passes. With `itself` the diagonal is
    that of an item with itself, not with another of the same thresholds.
    """
    below = ndtr(cuts)
    apart = below[:, None, :, None] * below[None, :, None, :]
    bounded = np.clip(correlation, -1 + 1e-12, 1 - 1e-12)[:, :, None, None]
    both = probability(cuts[:, None, :, None], cuts[None, :, None, :], bounded)
    found = (both - apart).sum(axis=(2, 3))
    if itself:
        own = np.minimum(below[:, :, None], below[:, None, :])
        own = own - below[:, :, None] * below[:, None, :]
        found[np.diag_indices(len(cuts))] = own.sum(axis=(1, 2))
    return np.asarray(found)


def _average_variances(solution: Solution) -> Sequence[float]:
    discrepancy = solution.data.discrepancy(solution.table)
    found = []
    for matrices in solution.matrices():
        for place, factor in enumerate(solution.table.model.factors):
            items = _reached(solution, factor)
            effect, variance = _effect(matrices, place)
            own = effect[items] ** 2 * variance
            if isinstance(discrepancy, LeastSquares):
                found.append(float((own * _scales(discrepancy, matrices)[items] ** 2).mean()))
            else:
                found.append(float(own.sum() / np.diag(matrices.sigma)[items].sum()))
    return found
