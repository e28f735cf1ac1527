"""Effects when treated areas might not have moved as the others did: Rambachan & Roth's intervals.

Rambachan & Roth (2023, DOI 10.1093/restud/rdad018). What happened before the start bounds what may
have happened after it: either a change between waves is at most a multiple of the largest one
before (`magnitudes`), or the trend bends by at most so much a wave (`smoothness`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, stop_if_any

from .event_study import Array, EventStudy
from .fixed_length import fixed_length
from .moment_test import MomentTest

Restriction = Literal["magnitudes", "smoothness"]
Accepts = Callable[[Array], NDArray[np.bool_]]
_GRID = 400
_REACH = 20.0
_FARTHEST = 16.0


@dataclass(frozen=True)
class PartedTrends:
    """`frame` has a row a bound m: low and high of the interval that holds for all such trends.

    For magnitudes m is the multiple of the largest change before; for smoothness it is in the
    outcome's unit a wave. `breakdown` is the m from which the interval holds zero: 0 where it does
    with parallel (or straight) trends already, infinite where it does for none that was tried.
    """

    restriction: Restriction
    frame: pd.DataFrame
    breakdown: float
    level: float

    def to_frame(self) -> pd.DataFrame:
        return self.frame.assign(restriction=self.restriction, breakdown=self.breakdown)

    def __str__(self) -> str:
        what = (
            "times the largest change before the start"
            if self.restriction == "magnitudes"
            else "of bend a wave"
        )
        return f"The interval holds zero from {self.breakdown:.2f} {what} on."


def parted_trends(
    study: EventStudy,
    restriction: Restriction = "magnitudes",
    *,
    bounds: tuple[float, ...] = (),
    target: Array | None = None,
    level: float = 0.95,
    hybrid: bool = True,
    seed: int = 1,
) -> PartedTrends:
    """Intervals of an effect for every bound on how trends may have parted.

    Definition: with δ the difference in trends, `magnitudes` allows |δ_{t+1} − δ_t| ≤ m·max over
    waves before the start of the same; each wave and sign that may be the largest makes a set of
    inequalities, whose conditional test (Andrews, Roth & Pakes) with a least favourable first stage
    (`hybrid`) is inverted, and the interval holds all that any of them accepts. `smoothness` allows
    |δ_{t+1} − 2δ_t + δ_{t−1}| ≤ m and gives the shortest interval of fixed length.

    Parameters: `target` weights the effects after the start (by default the first alone); `bounds`
    are by default 0.5, 1, 1.5, 2 times, or 0, ½, 1, 2 standard errors of bend. Estimates are taken
    to be normal with their covariance known: few areas make it less sure than it looks.

    Equal to the published numbers of HonestDiD (its data of Benzarti & Carloni 2019) to the grid of
    its test inversion and its simulated quantiles. Raises StatisticsError.

    >>> import numpy as np
    >>> seen = EventStudy(np.array([0.2, 3.0]), np.diag([0.5, 0.5]), before=1)
    >>> parted_trends(seen, bounds=(0.0, 1.0)).frame.round(1).to_numpy().tolist()
    [[0.0, 1.6, 4.4], [1.0, 1.1, 4.9]]
    """
    stop_if_any(_problems(study, restriction, bounds, target, level))
    goal = np.eye(study.after)[0] if target is None else np.asarray(target, float)
    error = float(np.sqrt(goal @ study.covariance[study.before :, study.before :] @ goal))
    usual = (
        (0.5, 1.0, 1.5, 2.0) if restriction == "magnitudes" else (0.0, error / 2, error, 2 * error)
    )

    if restriction == "smoothness":

        def interval(m: float) -> tuple[float, float]:
            found = fixed_length(study, m, goal, level)
            return found.low, found.high

        def holds_zero(m: float) -> bool:
            low, high = interval(m)
            return low <= 0 <= high

    else:
        search = _Search(study, goal, level, hybrid, seed)

        def interval(m: float) -> tuple[float, float]:
            return _hull([search.edges(matrix) for matrix in _magnitudes(study, m)])

        def holds_zero(m: float) -> bool:
            return any(search.accepts_zero(matrix) for matrix in _magnitudes(study, m))

    rows = [(m, *interval(m)) for m in bounds or usual]
    return PartedTrends(
        restriction,
        pd.DataFrame(rows, columns=["m", "low", "high"]),
        _breakdown(holds_zero, 1.0 if restriction == "magnitudes" else error),
        level,
    )


def _breakdown(holds_zero: Callable[[float], bool], unit: float) -> float:
    """The least bound that lets zero in, to a thousandth of the unit and of itself."""
    if holds_zero(0.0):
        return 0.0
    low, high = 0.0, unit
    while not holds_zero(high):
        low, high = high, 2 * high
        if high > _FARTHEST * unit:
            return float("inf")
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if holds_zero(middle) else (middle, high)
    return high


def _hull(edges: list[tuple[float, float] | None]) -> tuple[float, float]:
    """What any of the tests accepts, and what lies between."""
    found = [one for one in edges if one is not None]
    if not found:
        return float("nan"), float("nan")
    return min(low for low, _ in found), max(high for _, high in found)


def _magnitudes(study: EventStudy, m: float) -> list[Array]:
    """A matrix a wave and sign that may be the largest before, with matrix·δ ≤ 0."""
    steps = _steps(study)
    early = study.before
    found = []
    for largest in range(early):
        for sign in (1.0, -1.0):
            most = sign * steps[largest]
            reach = np.where(np.arange(len(steps)) < early, 1.0, m)[:, None] * most
            matrix = np.concatenate([steps - reach, -steps - reach])
            found.append(matrix[np.abs(matrix).max(axis=1) > 0])
    return found


def _steps(study: EventStudy) -> Array:
    """First differences of the trend, from wave to wave; the base wave's is zero."""
    size = len(study.estimates)
    levels = np.insert(np.eye(size), study.before, 0.0, axis=0)
    return np.diff(levels, axis=0)


@dataclass(frozen=True)
class _Search:
    """Looks for the effects that a set of inequalities does not reject."""

    study: EventStudy
    goal: Array
    level: float
    hybrid: bool
    seed: int

    def edges(self, matrix: Array, limits: Array | None = None) -> tuple[float, float] | None:
        """The lowest and the highest effect that is accepted; None where none is."""
        accepts = self._test(matrix, limits)
        after = self.study.covariance[self.study.before :, self.study.before :]
        error = float(np.sqrt(self.goal @ after @ self.goal))
        centre = float(self.goal @ self.study.estimates[self.study.before :])
        grid = centre + np.linspace(-_REACH, _REACH, _GRID + 1) * error
        held = np.flatnonzero(accepts(grid))
        if not len(held):
            return None
        return _edge(accepts, grid, held[0], -1), _edge(accepts, grid, held[-1], 1)

    def accepts_zero(self, matrix: Array) -> bool:
        return bool(self._test(matrix, None)(np.zeros(1))[0])

    def _test(self, matrix: Array, limits: Array | None) -> Accepts:
        before = self.study.before
        # What is about waves before the start alone says nothing of the effect, and costs power.
        about = np.abs(matrix[:, before:]).max(axis=1) > 0
        right = np.zeros(int(about.sum())) if limits is None else limits[about]
        matrix = matrix[about]
        # A basis of the effects whose first direction is the target's.
        turned = matrix[:, before:] @ np.linalg.inv(_basis(self.goal))
        test = MomentTest.of(
            matrix @ self.study.covariance @ matrix.T,
            turned[:, 1:],
            alpha=1 - self.level,
            hybrid=self.hybrid,
            seed=self.seed,
        )
        y = matrix @ self.study.estimates - right
        return lambda effects: test.accepts(y - effects[:, None] * turned[:, 0])


def _edge(accepts: Accepts, grid: Array, at: int, way: int) -> float:
    """Between the last accepted and the first rejected of the grid, to a millionth of its step."""
    if not 0 <= at + way < len(grid):
        return float(way * np.inf)
    inside, outside = grid[at], grid[at + way]
    for _ in range(20):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if accepts(np.array([middle]))[0] else (inside, middle)
    return float(inside)


def _basis(goal: Array) -> Array:
    """Rows that span all effects, the first of them the target."""
    rest = np.eye(len(goal))
    rest = np.delete(rest, int(np.abs(goal).argmax()), axis=0)
    return np.vstack([goal, rest])


def _problems(
    study: EventStudy,
    restriction: str,
    bounds: tuple[float, ...],
    target: Array | None,
    level: float,
) -> list[Problem]:
    found = []
    if restriction not in {"magnitudes", "smoothness"}:
        found.append(Problem("restriction", f"{restriction!r} is none", "magnitudes or smoothness"))
    if any(m < 0 for m in bounds):
        found.append(Problem("bounds", f"they are 0 or more, got {min(bounds):g}", "Correct it"))
    if target is not None and (np.shape(target) != (study.after,) or not np.any(target)):
        found.append(
            Problem("target", f"it weights {study.after} effects after the start", "Give one each")
        )
    if not 0.5 <= level < 1:
        found.append(Problem("level", f"from 0.5 to 1, got {level}", "Give 0.95"))
    return found
