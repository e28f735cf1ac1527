"""A fitted model: the search for its parameters and the tests of its result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from processing.errors import Problem, StatisticsError

from .fisher_scoring import Discrepancy, Search
from .fit_measures import FitMeasures, Likelihood, ModelTest, Robust, measure_fit
from .parameters import ParameterTable
from .starting import Way
from .structure import Array, Matrices, structure_of

SLOW = 60
"""A search of more steps than this may have ended in the wrong valley."""


class Data(Protocol):
    """What a sample amounts to for one estimator."""

    @property
    def estimator(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def counts(self) -> tuple[int, ...]: ...
    @property
    def n(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def thresholds(self) -> tuple[int, ...]: ...
    def needs_means(self, equal: frozenset[str]) -> bool: ...
    def discrepancy(self, table: ParameterTable) -> Discrepancy: ...
    def start(self, table: ParameterTable, way: Way) -> Array: ...
    def search(self, table: ParameterTable, start: Array) -> Search: ...
    def test(self, table: ParameterTable, search: Search, df: int) -> ModelTest: ...
    def baseline(self, table: ParameterTable) -> ModelTest: ...
    def robust(
        self, table: ParameterTable, search: Search, test: ModelTest, baseline: ModelTest
    ) -> Robust | None: ...
    def likelihood(self, table: ParameterTable, search: Search) -> Likelihood: ...
    def estimate_covariance(self, table: ParameterTable, values: Array) -> Array: ...
    def srmr(self, table: ParameterTable, values: Array) -> float: ...
    def residuals(self, table: ParameterTable, values: Array) -> tuple[Array, ...]: ...


@dataclass(frozen=True)
class Solution:
    """The best parameters found for one table."""

    data: Data
    table: ParameterTable
    search: Search
    test: ModelTest

    @property
    def optimum(self) -> Array:
        """(q,) the best parameters found."""
        return self.search.values

    @property
    def df(self) -> int:
        return self.test.df

    def matrices(self, values: Array | None = None) -> tuple[Matrices, ...]:
        """Per group, filled with the best values or with others."""
        chosen = self.optimum if values is None else values
        return tuple(structure.fill(chosen) for structure in structure_of(self.table))

    def fit(self) -> FitMeasures:
        baseline = self.data.baseline(self.table)
        return measure_fit(
            self.test,
            baseline,
            self.data.likelihood(self.table, self.search),
            rows=self.data.rows,
            groups=len(self.data.names),
            srmr=self.data.srmr(self.table, self.optimum),
            robust=self.data.robust(self.table, self.search, self.test, baseline),
        )


def solve(data: Data, table: ParameterTable, start: Array | None = None) -> Solution:
    """Fit a table; stop where the data cannot tell its parameters apart."""
    df = _known(table) - table.count
    if df < 0:
        raise StatisticsError(
            Problem(
                "model",
                f"it has {table.count} parameters to estimate, the data give {_known(table)}"
                " moments: the model is not identified",
                "Give each factor three items or more, or fix parameters",
            )
        )
    search = _search(data, table, start)
    if search.converged:
        _stop_if_undetermined(data, table, search)
    test = data.test(table, search, df) if search.converged else ModelTest(np.nan, df)
    return Solution(data, table, search, test)


def _search(data: Data, table: ParameterTable, start: Array | None) -> Search:
    """The best end of a search; one that was slow or went astray is begun anew elsewhere."""
    starts: list[Callable[[], Array]] = [
        lambda: data.start(table, "axes"),
        lambda: data.start(table, "markers"),
    ]
    if start is not None:
        starts.insert(0, lambda: start)
    found: list[Search] = []
    for begin in starts:
        found.append(data.search(table, begin()))
        if found[-1].converged and found[-1].iterations <= SLOW:
            break
    return min(found, key=lambda search: (not search.converged, search.discrepancy))


def _known(table: ParameterTable) -> int:
    """How many moments the data give."""
    p = len(table.model.items)
    design = table.design
    pairs = p * (p - 1) // 2
    if design.ordinal:
        return len(design.groups) * (pairs + sum(design.thresholds))
    return len(design.groups) * (pairs + p + (p if design.means else 0))


def _stop_if_undetermined(data: Data, table: ParameterTable, search: Search) -> None:
    """A direction in which the moments do not move cannot be estimated."""
    information = search.information
    if information is None:
        _, _, information = data.discrepancy(table).expand(search.values)
    diagonal = np.sqrt(np.maximum(np.diag(information), 1e-300))
    roots, vectors = np.linalg.eigh(information / np.outer(diagonal, diagonal))
    if roots[0] > 1e-9:
        return
    loose = np.flatnonzero(np.abs(vectors[:, 0]) > 0.1)
    names = ", ".join(
        " ".join(part for part in table.keys[place][0] if part) for place in loose[:6]
    )
    raise StatisticsError(
        Problem(
            "model",
            f"it is not identified: {names} can change together without changing what the model"
            " says of the answers",
            "Fix or leave out one of them, let a factor have three items or more, or take out a"
            " covariance",
        )
    )
