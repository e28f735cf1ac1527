"""Maximum likelihood for a factor model: complete rows (ML), robust (MLR), missing answers (FIML).

The distribution is normal for the estimates; MLR corrects standard errors and test for answers
that are not (Yuan and Bentler 2000, https://doi.org/10.1111/0081-1750.00078, in the variant that
lavaan and Mplus use).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from processing.errors import StatisticsError, stop_if_any

from .fisher_scoring import Search, minimise
from .fit_measures import Likelihood, Misfit, ModelTest, Robust
from .likelihood import (
    NormalLikelihood,
    complete_pattern,
    independent_level,
    saturated_level,
    saturated_moments,
)
from .parameters import ParameterTable
from .robust_fit import correct_for_missing
from .samples import (
    Moments,
    Pattern,
    Sample,
    check_moments,
    fourth_moments,
    moments,
    patterns,
    repeated,
    singular,
    too_few_rows,
    unvarying,
)
from .starting import Way, starting_values
from .structure import Array, GroupStructure, by_numbers, moment_derivatives, structure_of


@dataclass(frozen=True)
class NormalData:
    """What a sample amounts to for maximum likelihood."""

    estimator: str
    names: tuple[str, ...]
    """Groups."""
    fitted: tuple[Moments, ...]
    """Each group's own best moments: those of its rows, or by EM where answers are missing."""
    patterns: tuple[tuple[Pattern, ...], ...]
    fourth: tuple[Array, ...]
    """MLR only: mean products of second with second moments, see `fourth_moments`."""

    ordinal = False
    thresholds: tuple[int, ...] = ()

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(sum(part.moments.n for part in group) for group in self.patterns)

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def rows(self) -> int:
        """N as the test statistic counts it."""
        return self.n

    @property
    def shares(self) -> Array:
        return np.array(self.counts) / self.n

    def needs_means(self, equal: frozenset[str]) -> bool:
        """Means are modelled where they are compared or where missing answers hang on them."""
        return self.estimator == "FIML" or len(self.names) > 1 or "intercepts" in equal

    def discrepancy(self, table: ParameterTable) -> NormalLikelihood:
        return NormalLikelihood(
            structure_of(table),
            self.patterns,
            table.design.means,
            saturated_level(self.patterns, self.fitted),
            by_curvature=self.estimator == "FIML",
        )

    def start(self, table: ParameterTable, way: Way) -> Array:
        return starting_values(
            table,
            way,
            [known.covariance for known in self.fitted],
            [known.mean for known in self.fitted],
        )

    def search(self, table: ParameterTable, start: Array) -> Search:
        """Minimise; with missing answers begin where the EM moments lead."""
        if self.estimator == "FIML":
            whole = tuple((complete_pattern(known),) for known in self.fitted)
            level = saturated_level(whole, self.fitted)
            first = NormalLikelihood(structure_of(table), whole, means=True, saturated=level)
            start = minimise(first, start).values
        return minimise(self.discrepancy(table), start)

    def test(self, table: ParameterTable, search: Search, df: int) -> ModelTest:
        plain = ModelTest(self.n * max(search.discrepancy, 0.0), df)
        if self.estimator != "MLR" or df == 0:
            return plain
        likelihood = self.discrepancy(table)
        used = np.trace(
            np.linalg.solve(likelihood.observed(search.values), self._outer(table, search.values))
        )
        trace = self._saturated_trace(table.design.means) - float(used)
        return replace(plain, scaling=trace / df, trace=trace)

    def estimate_covariance(self, table: ParameterTable, values: Array) -> Array:
        """Of the estimates: inverse information, or for MLR the sandwich around it."""
        likelihood = self.discrepancy(table)
        if self.estimator == "ML":
            return np.linalg.inv(likelihood.expected(values)) / self.n
        inverse = np.linalg.inv(likelihood.observed(values))
        if self.estimator == "FIML":
            return inverse / self.n
        return inverse @ self._outer(table, values) @ inverse / self.n

    def baseline(self, table: ParameterTable) -> ModelTest:
        """The model of items that have nothing to do with one another."""
        p = len(table.model.items)
        df = len(self.names) * p * (p - 1) // 2
        level = saturated_level(self.patterns, self.fitted)
        independent = sum(independent_level(group, p) for group in self.patterns) / self.n
        plain = ModelTest(self.n * (independent - level), df)
        if self.estimator != "MLR":
            return plain
        trace = self._saturated_trace(means=False)
        for known, fourth in zip(self.fitted, self.fourth, strict=True):
            variances = np.diag(known.covariance)
            places = p + np.cumsum(np.arange(1, p + 1)) - 1
            kurtosis = fourth[places, places] / variances**2 - 1
            trace -= float(kurtosis.sum()) / 2
        return replace(plain, scaling=trace / df, trace=trace)

    def robust(
        self, table: ParameterTable, search: Search, test: ModelTest, baseline: ModelTest
    ) -> Robust | None:
        if self.estimator == "FIML":
            likelihood = self.discrepancy(table)
            df = test.df, baseline.df
            return correct_for_missing(likelihood, self.fitted, search.values, df)
        if not test.is_scaled:
            return None
        return Robust(
            Misfit(test.chi_square, test.df, test.scaling),
            Misfit(baseline.chi_square, baseline.df, baseline.scaling),
            test.scaled,
        )

    def likelihood(self, table: ParameterTable, search: Search) -> Likelihood:
        observed = sum(
            part.moments.n * len(part.observed) for group in self.patterns for part in group
        )
        level = saturated_level(self.patterns, self.fitted) + search.discrepancy
        log_likelihood = -(observed * np.log(2 * np.pi) + self.n * level) / 2
        return Likelihood(float(log_likelihood), table.count, self.n)

    def srmr(self, table: ParameterTable, values: Array) -> float:
        """Root mean square of the residual covariances (and means) over the sample's spreads."""
        total = 0.0
        for structure, known, share in zip(
            structure_of(table), self.fitted, self.shares, strict=True
        ):
            matrices = structure.fill(values)
            spread = np.sqrt(np.diag(known.covariance))
            residual = (known.covariance - matrices.sigma) / np.outer(spread, spread)
            squares = residual[np.tril_indices(len(spread))] ** 2
            if table.design.means:
                squares = np.append(squares, ((known.mean - matrices.mu) / spread) ** 2)
            total += share * float(np.sqrt(squares.mean()))
        return total

    def residuals(self, table: ParameterTable, values: Array) -> tuple[Array, ...]:
        """Per group (p, p) sample less implied correlations."""
        return tuple(
            _correlation(known.covariance) - _correlation(structure.fill(values).sigma)
            for structure, known in zip(structure_of(table), self.fitted, strict=True)
        )

    def _outer(self, table: ParameterTable, values: Array) -> Array:
        """(q, q) mean product of the rows' score vectors."""
        total = np.zeros((len(values), len(values)))
        for structure, known, fourth, share in zip(
            structure_of(table), self.fitted, self.fourth, self.shares, strict=True
        ):
            by_cell = _score_products(structure, values, known, fourth, table.design.means)
            total += share * by_numbers(by_cell, structure.cells.index, len(values))
        return total

    def _saturated_trace(self, means: bool) -> float:
        """tr(A^-1 B) of the saturated model: its parameters if answers were normal."""
        total = 0.0
        for known, fourth in zip(self.fitted, self.fourth, strict=True):
            p = len(known.mean)
            row, column = np.tril_indices(p)
            inverse = np.linalg.inv(known.covariance)
            twice = np.where(row == column, 1.0, 2.0)
            product = inverse[np.ix_(row, row)] * inverse[np.ix_(column, column)]
            product += inverse[np.ix_(row, column)] * inverse[np.ix_(column, row)]
            weight = product * np.outer(twice, twice) / 4
            total += float((weight * fourth[p:, p:]).sum()) - p / 2 + (p if means else 0)
        return total


def gather_normal(samples: Sequence[Sample], estimator: str) -> NormalData:
    """Read what maximum likelihood needs from the rows."""
    if estimator == "FIML":
        answered = [sample.answered() for sample in samples]
        for sample in answered:
            stop_if_any(too_few_rows(sample, sample.rows))
            stop_if_any([*unvarying(sample), *repeated(sample)])
        groups = tuple(patterns(sample) for sample in answered)
        fitted = tuple(
            expected_moments(group, sample) for group, sample in zip(groups, answered, strict=True)
        )
    else:
        answered = [sample.complete() for sample in samples]
        fitted = tuple(moments(sample) for sample in answered)
        groups = tuple((complete_pattern(known),) for known in fitted)
    for sample, known in zip(answered, fitted, strict=True):
        check_moments(sample, known)
    fourth = tuple(
        fourth_moments(sample, known)
        for sample, known in zip(answered, fitted, strict=True)
        if estimator == "MLR"
    )
    return NormalData(estimator, tuple(sample.name for sample in samples), fitted, groups, fourth)


def expected_moments(group: Sequence[Pattern], sample: Sample) -> Moments:
    try:
        return saturated_moments(group, len(sample.items))
    except np.linalg.LinAlgError:
        rows = sum(part.moments.n for part in group)
        raise StatisticsError(singular(sample, rows=rows)) from None


def _score_products(
    structure: GroupStructure, values: Array, known: Moments, fourth: Array, means: bool
) -> Array:
    """(k, k) mean product of a row's scores for k cells.

    A score is linear in z = (y, vech y y'), y centred on the sample's mean, so that the mean
    product of z with itself is all that the rows have to give.
    """
    matrices = structure.fill(values)
    sigma = matrices.sigma
    p = len(sigma)
    row, column = np.tril_indices(p)
    inverse = np.linalg.inv(sigma)
    derivatives = moment_derivatives(matrices, structure.cells)
    middle = np.matmul(np.matmul(inverse, derivatives.sigma()), inverse)[:, row, column]
    by_square = middle * np.where(row == column, 0.5, 1.0)
    distance = known.mean - matrices.mu if means else np.zeros(p)
    by_mean = derivatives.mu @ inverse if means else np.zeros_like(derivatives.mu)
    shifted = np.zeros((len(row), p))
    pairs = np.arange(len(row))
    np.add.at(shifted, (pairs, row), distance[column])
    np.add.at(shifted, (pairs, column), distance[row])
    slope = np.hstack([by_mean + by_square @ shifted, by_square])
    level = by_mean @ distance + by_square @ (np.outer(distance, distance) - sigma)[row, column]
    centre = by_square @ known.covariance[row, column]
    crossed = np.outer(centre, level)
    return np.asarray(slope @ fourth @ slope.T + crossed + crossed.T) + np.outer(level, level)


def _correlation(covariance: Array) -> Array:
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread))
