"""The curves of the graded response model: how likely each answer is at each level of the trait."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]

LEAST = 1e-300
"""Stands for a probability of zero where a logarithm is taken."""


@dataclass(frozen=True)
class Curves:
    """P(X ≥ k | θ) = logistic(aθ + dₖ) for k = 1 … m − 1 of an item with m answers.

    Arrays are padded to the item with most answers (m = K); a padded answer has the probability 0.
    """

    slopes: Array
    """(items,): a"""
    intercepts: Array
    """(items, K − 1): d, descending; −inf where the item has fewer answers."""

    @property
    def possible(self) -> bool:
        """Whether every answer has some probability."""
        with np.errstate(invalid="ignore"):
            steps = np.diff(self.intercepts, axis=1)
        return bool((np.isnan(steps) | (steps < 0)).all())

    def cumulative(self, theta: Array) -> Array:
        """(items, K + 1, θ): P(X ≥ k) for k = 0 … K."""
        inner = expit(self.slopes[:, None, None] * theta + self.intercepts[:, :, None])
        ones, zeros = np.ones_like(inner[:, :1]), np.zeros_like(inner[:, :1])
        return np.concatenate([ones, inner, zeros], axis=1)

    def probabilities(self, theta: Array) -> Array:
        """(items, K, θ): P(X = k)."""
        return np.asarray(-np.diff(self.cumulative(theta), axis=1))

    def by_trait(self, theta: Array) -> Array:
        """(items, K, θ): ∂P(X = k)/∂θ."""
        cumulative = self.cumulative(theta)
        steep = cumulative * (1 - cumulative)
        return np.asarray(-np.diff(steep, axis=1) * self.slopes[:, None, None])

    def information(self, theta: Array) -> Array:
        """(items, θ): Fisher information, Σₖ P'ₖ² / Pₖ."""
        p, slope = self.probabilities(theta), self.by_trait(theta)
        return np.asarray((slope**2 / np.maximum(p, LEAST)).sum(axis=1))

    def expected(self, theta: Array) -> Array:
        """(items, θ): mean answer, counted from 0."""
        return np.asarray(self.cumulative(theta)[:, 1:].sum(axis=1))

    def first_derivatives(self, theta: Array) -> Array:
        """(items, K, θ, K): ∂P(X = k) by a and by d₁ … of the same item."""
        cumulative = self.cumulative(theta)
        steep = cumulative * (1 - cumulative)
        return self._fan(steep, theta)

    def second_derivatives(self, theta: Array) -> Array:
        """(items, K, θ, K, K): ∂²P(X = k) by pairs of (a, d₁, …)."""
        cumulative = self.cumulative(theta)
        bend = cumulative * (1 - cumulative) * (1 - 2 * cumulative)
        items, most = len(self.slopes), self.intercepts.shape[1] + 1
        by_intercept = self._fan(bend, theta)
        second = np.zeros((items, most, len(theta), most, most))
        second[..., 0, 0] = by_intercept[..., 0] * theta[:, None].T
        for k in range(1, most):
            second[..., k, k] = by_intercept[..., k]
            second[..., 0, k] = second[..., k, 0] = by_intercept[..., k] * theta
        return second

    def _fan(self, change: Array, theta: Array) -> Array:
        """(items, K, θ, K): what a change of the cumulative curves does to each answer."""
        items, most = len(self.slopes), self.intercepts.shape[1] + 1
        fan = np.zeros((items, most, len(theta), most))
        fan[..., 0] = -np.diff(change, axis=1) * theta
        for k in range(1, most):
            fan[:, k, :, k] = change[:, k]
            fan[:, k - 1, :, k] = -change[:, k]
        return fan


def curves_of(slopes: Array, intercepts: Sequence[Array]) -> Curves:
    width = max(len(row) for row in intercepts)
    padded = np.full((len(slopes), width), -np.inf)
    for place, row in enumerate(intercepts):
        padded[place, : len(row)] = row
    return Curves(np.asarray(slopes, dtype=np.float64), padded)
