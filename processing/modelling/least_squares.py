"""Diagonally weighted least squares over thresholds and polychoric correlations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .structure import (
    Array,
    Cells,
    GroupStructure,
    Matrices,
    by_number,
    by_numbers,
    moment_derivatives,
)


@dataclass(frozen=True)
class Statistics:
    """What one group's ordinal answers amount to: d statistics, thresholds first."""

    n: int
    observed: Array
    """(d,) thresholds by item, then correlations by pair (0, 1), (0, 2), ..., (1, 2), ..."""
    covariance: Array
    """(d, d) asymptotic covariance of sqrt(n) times the statistics."""

    @property
    def weights(self) -> Array:
        """(d,): the inverse variances."""
        return np.asarray(1 / np.diag(self.covariance))


@dataclass(frozen=True)
class Layout:
    """Which threshold of which item, and which pair, each statistic is."""

    item: NDArray[np.intp]
    category: NDArray[np.intp]
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    @classmethod
    def of(cls, thresholds: Sequence[int]) -> "Layout":
        item = np.repeat(np.arange(len(thresholds)), thresholds)
        category = np.concatenate([np.arange(count) for count in thresholds])
        return cls(item, category, *np.triu_indices(len(thresholds), 1))


@dataclass(frozen=True)
class LeastSquares:
    """F = sum over groups of (n - 1)/N (s - sigma)' W (s - sigma), W = diag(Gamma)^-1."""

    structures: tuple[GroupStructure, ...]
    groups: tuple[Statistics, ...]
    layout: Layout
    residual_scale: bool

    @property
    def shares(self) -> Array:
        total = sum(group.n for group in self.groups)
        return np.array([(group.n - 1) / total for group in self.groups])

    def value(self, values: Array) -> float:
        total = 0.0
        for structure, group, share in zip(self.structures, self.groups, self.shares, strict=True):
            matrices = structure.fill(values)
            scale = item_scale(matrices, residual_scale=self.residual_scale)
            if not (scale > 0).all():
                return np.inf
            missed = group.observed - self._implied(matrices, scale)
            total += share * float(missed @ (group.weights * missed))
        return total

    def expand(self, values: Array) -> tuple[float, Array, Array]:
        gradient = np.zeros(len(values))
        information = np.zeros((len(values), len(values)))
        for group, share, structure in zip(self.groups, self.shares, self.structures, strict=True):
            matrices, index = structure.fill(values), structure.cells.index
            scale = item_scale(matrices, residual_scale=self.residual_scale)
            missed = group.observed - self._implied(matrices, scale)
            by_cell = self._by_cell(matrices, structure.cells)
            weighted = group.weights[:, None] * by_cell
            gradient -= by_number(share * (missed @ weighted), index, len(values))
            spread = share * group.n / (group.n - 1) * (by_cell.T @ weighted)
            information += by_numbers(spread, index, len(values))
        return self.value(values), gradient, information

    def jacobians(self, values: Array) -> tuple[Array, ...]:
        """Per group (d, q) derivatives of the implied statistics by the parameters."""
        found = []
        for structure, matrices in zip(self.structures, self._filled(values), strict=True):
            by_cell = self._by_cell(matrices, structure.cells)
            found.append(by_number(by_cell, structure.cells.index, len(values)))
        return tuple(found)

    def implied(self, values: Array) -> tuple[Array, ...]:
        """Per group (d,) statistics of the model."""
        return tuple(
            self._implied(matrices, item_scale(matrices, residual_scale=self.residual_scale))
            for matrices in self._filled(values)
        )

    def _filled(self, values: Array) -> list[Matrices]:
        return [structure.fill(values) for structure in self.structures]

    def _implied(self, matrices: Matrices, scale: Array) -> Array:
        place = self.layout
        above = matrices.tau[place.item, place.category] - matrices.mu[place.item]
        return np.concatenate(
            [
                scale[place.item] * above,
                scale[place.first]
                * scale[place.second]
                * matrices.sigma[place.first, place.second],
            ]
        )

    def _by_cell(self, matrices: Matrices, cells: Cells) -> Array:
        """(d, k) derivatives of the statistics by each cell."""
        place = self.layout
        scale = item_scale(matrices, residual_scale=self.residual_scale)
        sigma = matrices.sigma
        moved = moment_derivatives(matrices, cells)
        left, right = moved.left, moved.right
        d_scale = np.zeros_like(moved.mu)
        if self.residual_scale:
            d_scale = -(scale**3) * left * right
        else:
            chosen = cells.of("delta")
            d_scale[chosen, cells.row[chosen]] = 1.0
        d_above = -moved.mu[:, place.item]
        chosen = cells.of("tau")
        is_own = (place.item == cells.row[chosen, None]) & (
            place.category == cells.column[chosen, None]
        )
        d_above[chosen] += is_own
        above = matrices.tau[place.item, place.category] - matrices.mu[place.item]
        thresholds = d_scale[:, place.item] * above + scale[place.item] * d_above
        i, j = place.first, place.second
        d_sigma = left[:, i] * right[:, j] + left[:, j] * right[:, i]
        pairs = scale[i] * scale[j] * d_sigma
        pairs += (d_scale[:, i] * scale[j] + d_scale[:, j] * scale[i]) * sigma[i, j]
        return np.hstack([thresholds, pairs]).T


def square(pairs: Array, p: int) -> Array:
    """(p, p) correlations of (p (p - 1) / 2,) pairs (0, 1), (0, 2), ..., (1, 2), ..."""
    correlation = np.eye(p)
    first, second = np.triu_indices(p, 1)
    correlation[first, second] = correlation[second, first] = pairs
    return correlation


def item_scale(matrices: Matrices, *, residual_scale: bool) -> Array:
    """(p,) what responses are multiplied by to have variance one."""
    if not residual_scale:
        return matrices.delta
    with np.errstate(invalid="ignore"):
        return np.asarray(np.diag(matrices.sigma) ** -0.5)
