"""The likelihood of a covariance structure on two levels, from sums."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEPS = 500
GAIN = 1e-12
"""Of mean log-likelihood a respondent to be had by a further step, below which the search ends."""
HALVINGS = 30
SLIGHT = 1e-5


@dataclass(frozen=True)
class Sizes:
    """Areas of one size; as many entries as there are sizes."""

    size: Array
    areas: Array
    mean: Array
    """(sizes, p): mean of the areas' means."""
    spread: Array
    """(sizes, p, p): sum of products of the areas' means around it."""


@dataclass(frozen=True)
class Sums:
    """All that complete rows in areas tell of normal variables."""

    n: int
    within: Array
    """(p, p): sum of products of rows around their area's mean."""
    sizes: Sizes

    @property
    def areas(self) -> int:
        return int(self.sizes.areas.sum())

    @property
    def pooled_within(self) -> Array:
        return self.within / (self.n - self.areas)

    def of_means(self) -> tuple[Array, Array]:
        """Mean and covariance (divisor areas − 1) of the areas' means."""
        weight = self.sizes.areas
        mean = weight @ self.sizes.mean / weight.sum()
        apart = self.sizes.mean - mean
        around = np.einsum("s,si,sj->ij", weight, apart, apart)
        return mean, (self.sizes.spread.sum(axis=0) + around) / (self.areas - 1)

    def between(self) -> Array:
        """Covariance of the areas' true means, by moments; it need not be positive definite."""
        weight = self.sizes.areas * self.sizes.size
        mean = weight @ self.sizes.mean / self.n
        apart = self.sizes.mean - mean
        squares = np.einsum("s,sij->ij", self.sizes.size, self.sizes.spread)
        squares += np.einsum("s,si,sj->ij", weight, apart, apart)
        usual = (self.n - (weight @ self.sizes.size) / self.n) / (self.areas - 1)
        return np.asarray((squares / (self.areas - 1) - self.pooled_within) / usual)


def sum_up(answers: Array, place: NDArray[np.intp]) -> Sums:
    """Sums of (rows, p) answers in areas 0 … A − 1, each with a row."""
    count = np.bincount(place)
    p = answers.shape[1]
    means = (
        np.column_stack([np.bincount(place, weights=answers[:, k]) for k in range(p)])
        / count[:, None]
    )
    apart = answers - means[place]
    size, kind = np.unique(count, return_inverse=True)
    areas = np.bincount(kind)
    centre = (
        np.column_stack([np.bincount(kind, weights=means[:, k]) for k in range(p)]) / areas[:, None]
    )
    off = means - centre[kind]
    spread = np.zeros((len(size), p, p))
    np.add.at(spread, kind, off[:, :, None] * off[:, None, :])
    sizes = Sizes(size.astype(np.float64), areas.astype(np.float64), centre, spread)
    return Sums(len(answers), apart.T @ apart, sizes)


@dataclass(frozen=True)
class Level:
    """A covariance matrix and how it moves with its parameters."""

    count: int
    sigma: Callable[[Array], Array]
    """(count,) -> (p, p)"""
    slopes: Callable[[Array], Array]
    """(count,) -> (count, p, p)"""


@dataclass(frozen=True)
class Peak:
    within: Array
    """(count,) values of the level within."""
    between: Array
    mean: Array
    """(p,)"""
    loglik: float
    covariance: Array
    """Of within, between and mean, from the observed information."""
    converged: bool


def saturated(p: int) -> Level:
    """Every variance and covariance is free."""
    row, column = np.tril_indices(p)

    def sigma(values: Array) -> Array:
        matrix = np.zeros((p, p), dtype=values.dtype)
        matrix[row, column] = values
        matrix[column, row] = values
        return matrix

    fixed = np.array([sigma(unit) for unit in np.eye(len(row))])
    return Level(len(row), sigma, lambda _: fixed)


def independent(p: int) -> Level:
    """Variances are free, covariances zero."""
    fixed = np.eye(p)[:, :, None] * np.eye(p)[:, None, :]
    return Level(p, np.diag, lambda _: fixed)


def maximise(sums: Sums, within: Level, between: Level, start: tuple[Array, Array, Array]) -> Peak:
    """Climb by Fisher scoring, halving steps until the likelihood rises."""
    values = np.concatenate(start)
    loglik, gradient, information = _slope(values, sums, within, between)
    converged = False
    for _ in range(STEPS):
        ridge = 1e-10 * np.diag(np.diag(information))
        step = np.linalg.solve(information + ridge, gradient)
        gain = float(gradient @ step) / sums.n
        if gain < GAIN:
            converged = True
            break
        size = 1.0
        for _ in range(HALVINGS):
            moved = values + size * step
            reached = _loglik(moved, sums, within, between)
            if reached > loglik:
                break
            size /= 2
        else:
            converged = gain < np.sqrt(GAIN)
            break
        values = moved
        loglik, gradient, information = _slope(values, sums, within, between)
    ends = within.count, within.count + between.count
    parts = np.split(values, ends)
    return Peak(
        parts[0], parts[1], parts[2], loglik, _covariance(values, sums, within, between), converged
    )


def _covariance(values: Array, sums: Sums, within: Level, between: Level) -> Array:
    """Inverse of the observed information, by differences of the exact gradient."""
    columns = []
    for k, value in enumerate(values):
        step = np.zeros_like(values)
        step[k] = SLIGHT * max(1.0, abs(value))
        ahead, behind = (_slope(values + side * step, sums, within, between)[1] for side in (1, -1))
        columns.append((behind - ahead) / (2 * step[k]))
    observed = np.array(columns)
    try:
        return np.asarray(np.linalg.inv((observed + observed.T) / 2), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(observed, np.nan)


def _parts(values: Array, sums: Sums, within: Level, between: Level) -> tuple[Array, Array, Array]:
    """Σw, the covariances of √n times an area's mean by size, and their sums of products."""
    first, second, mean = np.split(values, (within.count, within.count + between.count))
    inner = within.sigma(first)
    size = sums.sizes.size[:, None, None]
    outer = inner + size * between.sigma(second)
    apart = sums.sizes.mean - mean
    products = sums.sizes.areas[:, None, None] * apart[:, :, None] * apart[:, None, :]
    return inner, outer, size * (sums.sizes.spread + products)


def _loglik(values: Array, sums: Sums, within: Level, between: Level) -> float:
    inner, outer, products = _parts(values, sums, within, between)
    if np.linalg.eigvalsh(inner)[0] <= 0 or np.linalg.eigvalsh(outer).min() <= 0:
        return -np.inf
    total = sums.n * len(inner) * np.log(2 * np.pi)
    total += (sums.n - sums.areas) * np.linalg.slogdet(inner)[1]
    total += np.trace(np.linalg.solve(inner, sums.within))
    total += sums.sizes.areas @ np.linalg.slogdet(outer)[1]
    total += np.trace(np.linalg.solve(outer, products), axis1=1, axis2=2).sum()
    return float(-total / 2)


def _slope(values: Array, sums: Sums, within: Level, between: Level) -> tuple[float, Array, Array]:
    """Log-likelihood, gradient and expected information."""
    inner, outer, products = _parts(values, sums, within, between)
    first, second, mean = np.split(values, (within.count, within.count + between.count))
    size, areas = sums.sizes.size, sums.sizes.areas
    df = sums.n - sums.areas
    inverse, inverses = np.asarray(np.linalg.inv(inner)), np.asarray(np.linalg.inv(outer))
    by_inner = inverse @ (sums.within - df * inner) @ inverse / 2
    by_outer = inverses @ (products - areas[:, None, None] * outer) @ inverses / 2
    slopes_in, slopes_out = within.slopes(first), between.slopes(second)
    apart = sums.sizes.mean - mean
    gradient = np.concatenate(
        [
            np.einsum("kij,ij->k", slopes_in, by_inner + by_outer.sum(axis=0)),
            np.einsum("kij,ij->k", slopes_out, np.einsum("s,sij->ij", size, by_outer)),
            np.einsum("s,sij,sj->i", areas * size, inverses, apart),
        ]
    )
    q, count = len(values) - len(mean), within.count
    information = np.zeros((len(values), len(values)))
    information[:count, :count] = df / 2 * _products(inverse, slopes_in, slopes_in)
    for one, n, j in zip(inverses, size, areas, strict=True):
        both = np.concatenate([slopes_in, n * slopes_out])
        information[:q, :q] += j / 2 * _products(one, both, both)
    information[q:, q:] = np.einsum("s,sij->ij", areas * size, inverses)
    return _loglik(values, sums, within, between), gradient, information


def _products(inverse: Array, left: Array, right: Array) -> Array:
    """tr(Σ⁻¹ ∂Σ Σ⁻¹ ∂Σ) for pairs of parameters."""
    first = (inverse @ left @ inverse).reshape(len(left), -1)
    return np.asarray(first @ right.reshape(len(right), -1).T)
