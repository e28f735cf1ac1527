"""Diagonally weighted least squares for ordered categories, with a scaled and shifted test (WLSMV).

Muthen (1984), https://doi.org/10.1007/BF02294210; Muthen, du Toit and Spisic (1997); the shifted
test of Asparouhov and Muthen (2010).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from processing.counting.counts import Counts, count_codes
from processing.errors import Problem, stop_if_any
from processing.factoring.polychoric_covariance import asymptotic_covariance
from processing.factoring.polychorics import Polychoric, polychoric_of

from .fisher_scoring import Search, minimise
from .fit_measures import Likelihood, ModelTest, Robust
from .least_squares import Layout, LeastSquares, Statistics, square
from .parameters import ParameterTable
from .robust_fit import correct_for_categories
from .samples import Sample, repeated_in, summed_in, unvarying_in
from .starting import Way, starting_values
from .structure import Array, structure_of

MOST_CATEGORIES = 20
"""More different answers than this are no categories; their thresholds would be mostly noise."""


@dataclass(frozen=True)
class OrdinalData:
    """What a sample of ordered categories amounts to."""

    names: tuple[str, ...]
    """Groups."""
    groups: tuple[Statistics, ...]
    thresholds: tuple[int, ...]
    """How many each item has, the same in all groups."""

    estimator = "WLSMV"

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(group.n for group in self.groups)

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def rows(self) -> int:
        """N as the test statistic counts it."""
        return self.n - len(self.groups)

    def needs_means(self, equal: frozenset[str]) -> bool:
        del equal
        return True

    def discrepancy(self, table: ParameterTable) -> LeastSquares:
        return LeastSquares(
            structure_of(table),
            self.groups,
            Layout.of(self.thresholds),
            table.design.residual_scale,
        )

    def start(self, table: ParameterTable, way: Way) -> Array:
        correlations = [self.correlation(group) for group in self.groups]
        ends = np.cumsum(self.thresholds)[:-1]
        cuts = [np.split(group.observed[: sum(self.thresholds)], ends) for group in self.groups]
        return starting_values(table, way, correlations, thresholds=cuts)

    def search(self, table: ParameterTable, start: Array) -> Search:
        return minimise(self.discrepancy(table), start)

    def correlation(self, group: Statistics) -> Array:
        """(p, p) polychoric correlations of one group."""
        return square(group.observed[sum(self.thresholds) :], len(self.thresholds))

    def test(self, table: ParameterTable, search: Search, df: int) -> ModelTest:
        chi_square = self.n * search.discrepancy
        if df == 0:
            return ModelTest(chi_square, df)
        pulls = [
            np.sqrt(group.weights)[:, None] * jacobian
            for group, jacobian in zip(
                self.groups, self.discrepancy(table).jacobians(search.values), strict=True
            )
        ]
        return _shifted(chi_square, df, *self._traces(pulls))

    def baseline(self, table: ParameterTable) -> ModelTest:
        """Thresholds as they are, all correlations zero."""
        del table
        cut = sum(self.thresholds)
        chi_square, first, second = 0.0, 0.0, 0.0
        for group in self.groups:
            weights = group.weights[cut:]
            chi_square += (group.n - 1) * float(weights @ group.observed[cut:] ** 2)
            spread = weighted(group)[cut:, cut:]
            first += float(np.trace(spread))
            second += float((spread**2).sum())
        p = len(self.thresholds)
        return _shifted(chi_square, len(self.groups) * p * (p - 1) // 2, first, second)

    def robust(
        self, table: ParameterTable, search: Search, test: ModelTest, baseline: ModelTest
    ) -> Robust | None:
        """Not defined where equal thresholds tie the correlations to what is left of them."""
        if "thresholds" in table.design.equal or not test.df:
            return None
        df = test.df, baseline.df
        return correct_for_categories(self.discrepancy(table), search.values, df)

    def likelihood(self, table: ParameterTable, search: Search) -> Likelihood:
        """Least squares have none."""
        del search
        return Likelihood(parameters=table.count, n=self.n)

    def estimate_covariance(self, table: ParameterTable, values: Array) -> Array:
        """E^-1 (sum of Delta' W Gamma W Delta) E^-1 / N."""
        pulls = [
            np.sqrt(group.weights)[:, None] * jacobian
            for group, jacobian in zip(
                self.groups, self.discrepancy(table).jacobians(values), strict=True
            )
        ]
        inverse, middle = self._bread(pulls), np.zeros((len(values), len(values)))
        for group, pull in zip(self.groups, pulls, strict=True):
            middle += group.n / self.n * (pull.T @ weighted(group) @ pull)
        return inverse @ middle @ inverse / self.rows

    def srmr(self, table: ParameterTable, values: Array) -> float:
        """Root mean square of the residual correlations, the diagonal's zeros counted in."""
        squares = [
            float(np.sqrt((residual[np.triu_indices(len(residual))] ** 2).mean()))
            for residual in self.residuals(table, values)
        ]
        return float(np.array(self.counts) @ squares) / self.n

    def residuals(self, table: ParameterTable, values: Array) -> tuple[Array, ...]:
        """Per group (p, p) sample less implied correlations."""
        cut, p = sum(self.thresholds), len(self.thresholds)
        return tuple(
            square((group.observed - implied)[cut:], p) - np.eye(p)
            for group, implied in zip(
                self.groups, self.discrepancy(table).implied(values), strict=True
            )
        )

    def _bread(self, pulls: Sequence[Array]) -> Array:
        information = sum(
            group.n / self.n * (pull.T @ pull)
            for group, pull in zip(self.groups, pulls, strict=True)
        )
        return np.linalg.inv(information)

    def _traces(self, pulls: Sequence[Array]) -> tuple[float, float]:
        """tr(U Gamma) and tr(U Gamma U Gamma), without ever forming U."""
        inverse = self._bread(pulls)
        first, second = 0.0, 0.0
        once, twice = np.zeros_like(inverse), np.zeros_like(inverse)
        for group, pull in zip(self.groups, pulls, strict=True):
            spread = weighted(group)
            pushed = spread @ pull
            first += float(np.trace(spread))
            second += float((spread**2).sum())
            once += group.n / self.n * (pull.T @ pushed)
            twice += group.n / self.n * (pushed.T @ pushed)
        used = inverse @ once
        first -= float(np.trace(used))
        second += float(np.trace(used @ used)) - 2 * float(np.trace(inverse @ twice))
        return first, second


def weighted(group: Statistics) -> Array:
    """(d, d) W^1/2 Gamma W^1/2: the statistics' correlations."""
    root = np.sqrt(group.weights)
    return root[:, None] * group.covariance * root


def _shifted(chi_square: float, df: int, first: float, second: float) -> ModelTest:
    """Scaled and shifted so that mean and variance are those of chi-square with df."""
    stretch = np.sqrt(df / second)
    return ModelTest(chi_square, df, 1 / stretch, float(df - stretch * first), first)


def gather_ordinal(samples: Sequence[Sample]) -> OrdinalData:
    """Thresholds, polychoric correlations and their covariance in each group, complete rows."""
    stop_if_any(_fractions(sample) for sample in samples if sample.answers.dtype.kind == "f")
    names = tuple(sample.name for sample in samples)
    codes = [sample.complete().answers.astype(np.int8, copy=False) for sample in samples]
    counts = [
        count_codes(sample.items, rows, complete=True)
        for sample, rows in zip(samples, codes, strict=True)
    ]
    check_categories(names, counts)
    found = [polychoric_of(counted) for counted in counts]
    spread = [asymptotic_covariance(*one) for one in zip(found, counts, codes, strict=True)]
    return ordinal_data(names, found, spread)


def ordinal_data(
    names: Sequence[str], found: Sequence[Polychoric], covariances: Sequence[Array]
) -> OrdinalData:
    """Of each group's polychoric correlations and (d, d) asymptotic covariances."""
    return OrdinalData(
        tuple(names),
        tuple(
            Statistics(
                n=group.n,
                observed=np.concatenate([*group.thresholds, group.pairs()]),
                covariance=covariance,
            )
            for group, covariance in zip(found, covariances, strict=True)
        ),
        tuple(len(cuts) for cuts in found[0].thresholds),
    )


def check_categories(names: Sequence[str], counts: Sequence[Counts]) -> None:
    """Stop where counts of complete rows do not carry a model of ordered categories."""
    each = list(zip(names, counts, strict=True))
    stop_if_any(problem for name, counted in each for problem in _unfit(name, counted))
    stop_if_any(problem for name, counted in each for problem in repeated_in(name, counted))
    stop_if_any(problem for name, counted in each for problem in summed_in(name, counted))
    stop_if_any(_empty_categories(each))


def _fractions(sample: Sample) -> Problem:
    return Problem(
        f"estimator{_where(sample.name)}",
        "WLSMV is for ordered categories, and an item has fractions",
        "Take MLR, or give the answers themselves",
    )


def _where(name: str) -> str:
    return f" in group {name!r}" if name else ""


def _unfit(name: str, counts: Counts) -> Iterator[Problem]:
    p = len(counts.items)
    if counts.rows <= p:
        yield Problem(
            f"the answers{_where(name)}",
            f"{p} items need more than {p} rows that answered all of them, found {counts.rows}",
            "Take fewer items or join groups",
        )
        return
    yield from unvarying_in(name, counts)
    for item, codes in zip(counts.items, counts.codes, strict=True):
        if len(codes) > MOST_CATEGORIES:
            yield Problem(
                f"item {item!r}{_where(name)}",
                f"it has {len(codes)} different answers, and WLSMV takes at most {MOST_CATEGORIES}",
                "Take MLR for many-valued answers",
            )


def _empty_categories(groups: Sequence[tuple[str, Counts]]) -> Iterator[Problem]:
    """Thresholds can be compared only where every group gave every answer."""
    for place, item in enumerate(groups[0][1].items):
        everywhere = sorted({code for _, counts in groups for code in counts.codes[place]})
        for name, counts in groups:
            absent = [str(code) for code in everywhere if code not in counts.codes[place]]
            if absent:
                yield Problem(
                    f"item {item!r} in group {name!r}",
                    f"nobody answered {', '.join(absent)}, which other groups did",
                    "Join neighbouring answers or join groups",
                )
