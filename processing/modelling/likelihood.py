"""The normal likelihood of a factor model, from moments of complete rows or by missing pattern.

Everything is per row: half a discrepancy is minus a mean log likelihood, up to a constant.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .samples import Moments, Pattern
from .structure import (
    Array,
    GroupStructure,
    Matrices,
    MomentDerivatives,
    by_number,
    by_numbers,
    moment_derivatives,
    pull_back,
)

STEP = 1e-20
"""Of a complex derivative: so small that its square is lost, and with it every error."""


@dataclass(frozen=True)
class NormalLikelihood:
    """How unlikely the answers are under a model, next to the saturated one.

    F = sum over groups and patterns of n/N (ln|Sigma| + tr(Sigma^-1 W) - ln|S| - p), where
    W = S + (m - mu)(m - mu)'. Complete rows are one pattern that answered all items.
    """

    structures: tuple[GroupStructure, ...]
    patterns: tuple[tuple[Pattern, ...], ...]
    means: bool
    """Whether means are modelled; otherwise they are taken as they are."""
    saturated: float
    """sum of n/N (ln|S| + p), at which the discrepancy of a perfect model is zero."""
    by_curvature: bool = False
    """Search by the observed information where it is positive definite: worth it near the end."""

    @property
    def rows(self) -> int:
        return sum(pattern.moments.n for group in self.patterns for pattern in group)

    def value(self, values: Array) -> float:
        total = -self.saturated
        for structure, group in zip(self.structures, self.patterns, strict=True):
            total += self._level(structure.fill(values), group)
        return total

    def _level(self, matrices: Matrices, group: Sequence[Pattern]) -> float:
        """A group's share of ln|Sigma| + tr(Sigma^-1 W); infinite where Sigma is no covariance."""
        sigma, mu = matrices.sigma, matrices.mu
        total = 0.0
        for pattern in group:
            part = sigma[np.ix_(pattern.observed, pattern.observed)]
            try:
                root = np.linalg.cholesky(part)
            except np.linalg.LinAlgError:
                return np.inf
            spread = self._spread(pattern, mu)
            logs = 2 * np.log(np.diag(root)).sum()
            share = pattern.moments.n / self.rows
            total += share * float(logs + np.trace(np.linalg.solve(part, spread)))
        return total

    def expand(self, values: Array) -> tuple[float, Array, Array]:
        if not self.by_curvature:
            return self._expand(values)
        information = self.observed(values) if self.by_curvature else self.expected(values)
        if self.by_curvature and np.linalg.eigvalsh(information)[0] <= 0:
            information = self.expected(values)
        return self.value(values), self.gradient(values), information

    def _expand(self, values: Array) -> tuple[float, Array, Array]:
        """All three of one filling, where they share nearly all of their work."""
        value, size = -self.saturated, len(values)
        gradient, information = np.zeros(size), np.zeros((size, size))
        for structure, group in zip(self.structures, self.patterns, strict=True):
            matrices = structure.fill(values)
            index = structure.cells.index
            derivatives = moment_derivatives(matrices, structure.cells)
            by_cell = expected_information(matrices, group, derivatives, self.means)
            information += by_numbers(by_cell, index, size) / self.rows
            by_moments = self._moment_gradient(matrices, group)
            gradient += by_number(pull_back(structure, matrices, *by_moments), index, size)
            value += self._level(matrices, group)
        return value, gradient, information

    def gradient(self, values: Array) -> Array:
        """Half the gradient of F."""
        total = np.zeros_like(values)
        for structure, group in zip(self.structures, self.patterns, strict=True):
            matrices = structure.fill(values)
            by_sigma, by_mu = self._moment_gradient(matrices, group)
            pulled = pull_back(structure, matrices, by_sigma, by_mu)
            total += by_number(pulled, structure.cells.index, len(values))
        return total

    def expected(self, values: Array) -> Array:
        """Fisher information of a row about the parameters."""
        total = np.zeros((len(values), len(values)))
        for structure, group in zip(self.structures, self.patterns, strict=True):
            matrices = structure.fill(values)
            derivatives = moment_derivatives(matrices, structure.cells)
            by_cell = expected_information(matrices, group, derivatives, self.means)
            total += by_numbers(by_cell, structure.cells.index, len(values)) / self.rows
        return total

    def observed(self, values: Array) -> Array:
        """Minus the second derivative of the mean log likelihood.

        The moments' own curvature, and that of the moments in the parameters: the latter is how
        the pulled-back gradient moves while the gradient by the moments stands still.
        """
        total = np.zeros((len(values), len(values)))
        for structure, group in zip(self.structures, self.patterns, strict=True):
            matrices = structure.fill(values)
            derivatives = moment_derivatives(matrices, structure.cells)
            curvature = self.moment_curvature(matrices, group, derivatives)
            by_moments = self._moment_gradient(matrices, group)

            def pulled(
                moved: Array,
                structure: GroupStructure = structure,
                by_moments: tuple[Array, Array] = by_moments,
            ) -> Array:
                return pull_back(structure, structure.fill(moved), *by_moments)

            index = structure.cells.index
            total += by_numbers(curvature, index, len(values))
            total += by_number(complex_jacobian(pulled, values).T, index, len(values)).T
        return total

    def _spread(self, pattern: Pattern, mu: Array) -> Array:
        if not self.means:
            return pattern.moments.covariance
        distance = pattern.moments.mean - mu[pattern.observed]
        return pattern.moments.covariance + np.outer(distance, distance)

    def _moment_gradient(self, matrices: Matrices, group: Sequence[Pattern]) -> tuple[Array, Array]:
        sigma, mu = matrices.sigma, matrices.mu
        by_sigma, by_mu = np.zeros_like(sigma), np.zeros_like(mu)
        for pattern in group:
            chosen = np.ix_(pattern.observed, pattern.observed)
            inverse = np.linalg.inv(sigma[chosen])
            share = pattern.moments.n / self.rows
            spread = self._spread(pattern, mu)
            by_sigma[chosen] += share / 2 * (inverse - inverse @ spread @ inverse)
            if self.means:
                distance = pattern.moments.mean - mu[pattern.observed]
                by_mu[pattern.observed] -= share * (inverse @ distance)
        return by_sigma, by_mu

    def moment_curvature(
        self, matrices: Matrices, group: Sequence[Pattern], derivatives: MomentDerivatives
    ) -> Array:
        """(k, k) second derivative in the moments, seen from k cells."""
        sigma, mu = matrices.sigma, matrices.mu
        total = np.zeros((len(derivatives.mu), len(derivatives.mu)))
        for pattern in group:
            part = derivatives.seen(pattern.observed)
            inverse = np.linalg.inv(sigma[np.ix_(pattern.observed, pattern.observed)])
            middle = inverse @ self._spread(pattern, mu) @ inverse - inverse / 2
            crossed = part.traces(inverse, middle)
            curvature = (crossed + crossed.T) / 2
            if self.means:
                pulled = part.mu @ inverse
                distance = inverse @ (pattern.moments.mean - mu[pattern.observed])
                moved = part.left * (part.right @ distance)[:, None]
                moved += part.right * (part.left @ distance)[:, None]
                mixed = pulled @ moved.T
                curvature += pulled @ part.mu.T + mixed + mixed.T
            total += pattern.moments.n / self.rows * curvature
        return total


def expected_information(
    matrices: Matrices,
    group: Sequence[Pattern],
    derivatives: MomentDerivatives,
    means: bool,
) -> Array:
    """(k, k) information of all rows of a group about k cells.

    I = 1/2 tr(Sigma^-1 dSigma Sigma^-1 dSigma) + dmu' Sigma^-1 dmu, per row.
    """
    sigma = matrices.sigma
    total = np.zeros((len(derivatives.mu), len(derivatives.mu)))
    for pattern in group:
        part = derivatives.seen(pattern.observed)
        inverse = np.linalg.inv(sigma[np.ix_(pattern.observed, pattern.observed)])
        total += pattern.moments.n / 2 * part.traces(inverse, inverse)
        if means:
            total += pattern.moments.n * (part.mu @ inverse @ part.mu.T)
    return total


def complex_jacobian(function: Callable[[Array], Array], values: Array) -> Array:
    """(outputs, inputs) derivatives of a function that takes a stack of complex vectors."""
    moved = values + STEP * 1j * np.eye(len(values))
    return np.asarray(np.imag(function(moved)).T / STEP)


def complete_pattern(known: Moments) -> Pattern:
    """Complete rows as the one pattern in which nothing is missing."""
    return Pattern(np.arange(len(known.mean)), known)


def saturated_level(groups: Sequence[Sequence[Pattern]], fitted: Sequence[Moments]) -> float:
    """The mean over rows of ln|S| + tr(S^-1 W) at each group's own best moments."""
    rows = sum(pattern.moments.n for group in groups for pattern in group)
    total = 0.0
    for group, best in zip(groups, fitted, strict=True):
        for pattern in group:
            part = best.covariance[np.ix_(pattern.observed, pattern.observed)]
            distance = pattern.moments.mean - best.mean[pattern.observed]
            spread = pattern.moments.covariance + np.outer(distance, distance)
            share = pattern.moments.n / rows
            total += share * (np.linalg.slogdet(part)[1] + np.trace(np.linalg.solve(part, spread)))
    return float(total)


def saturated_moments(group: Sequence[Pattern], items: int) -> Moments:
    """Means and covariances of greatest likelihood under missing answers, by EM."""
    n = sum(pattern.moments.n for pattern in group)
    _, mean, variance = available_moments(group, items)
    best = Moments(n, mean, np.diag(variance))
    for _ in range(2000):
        first, second = np.zeros(items), np.zeros((items, items))
        for pattern in group:
            mean, product = _completed(pattern, best)
            first += pattern.moments.n * mean
            second += pattern.moments.n * product
        mean = first / n
        covariance = second / n - np.outer(mean, mean)
        spread = np.sqrt(np.diag(covariance))
        moved = max(
            np.abs((mean - best.mean) / spread).max(),
            np.abs((covariance - best.covariance) / np.outer(spread, spread)).max(),
        )
        best = Moments(n, mean, covariance)
        if moved < 1e-10:
            break
    return best


def available_moments(group: Sequence[Pattern], items: int) -> tuple[Array, Array, Array]:
    """Rows, mean and variance of each item over all who answered it."""
    n, total, squares = np.zeros(items), np.zeros(items), np.zeros(items)
    for pattern in group:
        known = pattern.moments
        n[pattern.observed] += known.n
        total[pattern.observed] += known.n * known.mean
        squares[pattern.observed] += known.n * (np.diag(known.covariance) + known.mean**2)
    mean = total / n
    return n, mean, squares / n - mean**2


def never_together(group: Sequence[Pattern], items: int) -> list[tuple[int, int]]:
    """Pairs of items that no row answered both."""
    met = np.zeros((items, items), dtype=bool)
    for pattern in group:
        met[np.ix_(pattern.observed, pattern.observed)] = True
    return [(int(a), int(b)) for a, b in np.argwhere(np.triu(~met, 1))]


def independent_level(group: Sequence[Pattern], items: int) -> float:
    """The sum over rows of ln|D| + tr(D^-1 W) where no item has to do with any other."""
    n, _, variance = available_moments(group, items)
    return float(n @ (np.log(variance) + 1))


def _completed(pattern: Pattern, best: Moments) -> tuple[Array, Array]:
    """Mean and mean product of all items, the missing ones as the others lead to expect them."""
    seen = pattern.observed
    unseen = np.setdiff1d(np.arange(len(best.mean)), seen)
    mean, product = best.mean.copy(), np.zeros_like(best.covariance)
    slope = np.linalg.solve(
        best.covariance[np.ix_(seen, seen)], best.covariance[np.ix_(seen, unseen)]
    )
    mean[seen] = pattern.moments.mean
    mean[unseen] += slope.T @ (pattern.moments.mean - best.mean[seen])
    spread = np.zeros_like(product)
    spread[np.ix_(seen, seen)] = pattern.moments.covariance
    spread[np.ix_(seen, unseen)] = pattern.moments.covariance @ slope
    spread[np.ix_(unseen, seen)] = spread[np.ix_(seen, unseen)].T
    spread[np.ix_(unseen, unseen)] = (
        slope.T @ pattern.moments.covariance @ slope
        + best.covariance[np.ix_(unseen, unseen)]
        - slope.T @ best.covariance[np.ix_(seen, unseen)]
    )
    return mean, spread + np.outer(mean, mean)
