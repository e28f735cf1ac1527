"""The graded response model: how much each item tells, and at which level of the trait."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Codes
from processing.counting.counts import Points
from processing.counting.oddities import strays
from processing.counting.parts import Table
from processing.counting.patterns import Patterns, count_patterns
from processing.counting.scale_counts import name_of
from processing.counting.turning import outside_points, unturnable
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.small_matrices import on_one_core

from .graded_curves import Curves, curves_of
from .graded_likelihood import Answered, Fitted, maximise, normal_grid

Array = NDArray[np.float64]

STEEPEST = 6.0
"""A slope beyond it says that an item is nearly the trait itself, or that two items repeat each other."""


@dataclass(frozen=True)
class GradedResponse:
    """A fitted graded response model of one trait; θ is standard normal among those who answered."""

    items: tuple[str, ...]
    codes: tuple[tuple[int, ...], ...]
    """Per item, the answers that occur, ascending."""
    curves: Curves = field(repr=False, compare=False)
    slope_se: Array
    threshold_se: tuple[Array, ...]
    loglik: float
    parameters: int
    n: int
    """Rows that answered at least one item."""
    patterns: int
    """Different rows."""
    converged: bool
    doubts: tuple[str, ...]
    covariance: Array = field(repr=False, compare=False)
    """(free, free) of the slopes and intercepts, item by item; with equal slopes the slope first."""

    @property
    def slopes(self) -> Array:
        """(items,): a, in logits."""
        return self.curves.slopes

    @property
    def thresholds(self) -> tuple[Array, ...]:
        """Per item b: the level of the trait at which half give answer k or a higher one."""
        return tuple(
            -row[np.isfinite(row)] / slope
            for row, slope in zip(self.curves.intercepts, self.curves.slopes, strict=True)
        )

    @property
    def aic(self) -> float:
        return 2 * self.parameters - 2 * self.loglik

    @property
    def bic(self) -> float:
        return float(np.log(self.n)) * self.parameters - 2 * self.loglik

    def to_frame(self) -> pd.DataFrame:
        """One row an item: slope, its SE, and the thresholds as b1, b2 and so on."""
        rows = [
            {
                "slope": slope,
                "slope_se": se,
                **{f"b{k}": b for k, b in enumerate(thresholds, 1)},
            }
            for slope, se, thresholds in zip(
                self.slopes.tolist(), self.slope_se.tolist(), self.thresholds, strict=True
            )
        ]
        return pd.DataFrame(rows, index=pd.Index(self.items, name="item"))

    def information(self, theta: Sequence[float] | Array | None = None) -> pd.DataFrame:
        """Fisher information by level of the trait: a column an item, their sum, and the SE.

        The index is θ (by default −4 … 4 by 0.1); `test` sums the items, and `se` = 1/√test is the
        standard error of a maximum likelihood estimate of a person at that level.
        """
        levels = np.linspace(-4, 4, 81) if theta is None else np.asarray(theta, dtype=np.float64)
        each = self.curves.information(levels)
        frame = pd.DataFrame(
            each.T, index=pd.Index(levels, name="theta"), columns=pd.Index(self.items)
        )
        with np.errstate(divide="ignore"):
            return frame.assign(test=each.sum(axis=0), se=1 / np.sqrt(each.sum(axis=0)))

    def places(self, codes: Codes) -> NDArray[np.intp]:
        """(rows, items): answers of (items, rows) codes as places in `codes`; −1 where there is none.

        Raises StatisticsError for answers that the model has not seen.
        """
        return _places(self.items, codes, self.codes)

    def __str__(self) -> str:
        lines = [
            f"graded response model: log-likelihood {self.loglik:.2f}, AIC {self.aic:.1f}, n = {self.n}",
            *(f"! {doubt}" for doubt in self.doubts),
            self.to_frame().round(3).to_string(),
        ]
        return "\n".join(lines)


def graded_response(
    answers: Table | Patterns,
    items: Sequence[str] | None = None,
    *,
    equal_slopes: bool = False,
    points: Points | None = None,
) -> GradedResponse:
    """Fit Samejima's graded response model by marginal maximum likelihood.

    P(X ≥ k | θ) = logistic(a(θ − bₖ)) with θ ~ N(0, 1): no constant 1.7. Of items with two answers
    it is the two-parameter logistic model, with equal slopes the one-parameter model.

    Missing rule: every answer given is used; rows without any are left out. That is right if
    answers go missing at random given those that were given.

    Parameters
    ----------
    answers
        One column an item, whole numbers; negative codes and NaN are missing. Or `Patterns`.
    items
        Columns of the scale, by default all; at least three (two with equal slopes).
    equal_slopes
        One slope for all items.
    points
        The answers that every item offers (5 means 1 to 5); others are refused. Without it every
        code that occurs is an answer.

    Returns
    -------
    GradedResponse
        The integral over θ takes 61 Gauss–Hermite nodes. Standard errors come from the observed
        information; with more than 4 096 different patterns from the cross-products of scores.

    Raises
    ------
    StatisticsError
        Too few items, an item without two different answers, fewer rows than parameters, two
        identical items, answers outside `points`, no maximum.

    References
    ----------
    Samejima 1969, https://doi.org/10.1007/BF03372160; Bock & Aitkin 1981,
    https://doi.org/10.1007/BF02293801; Louis 1982, https://doi.org/10.1111/j.2517-6161.1982.tb01203.x

    Examples
    --------
    >>> from processing import KnownModel
    >>> from processing import simulate
    >>> known = KnownModel.simple({"calm": ["a", "b", "c"]}, 0.8, (0.3, 0.4, 0.3))
    >>> fitted = graded_response(simulate(known, 3000, seed=1).frame[["a", "b", "c"]])
    >>> fitted.converged, fitted.parameters
    (True, 9)
    >>> fitted.information([0.0])["test"].round(1).tolist()
    [4.1]

    """
    counted = answers if isinstance(answers, Patterns) else count_patterns(answers, items)
    codes = tuple(tuple(np.unique(row[row >= 0]).tolist()) for row in counted.answers)
    stop_if_any(unturnable(counted.items, (), points))
    stop_if_any(outside_points(counted.items, codes, points))
    given = (counted.answers >= 0).any(axis=0)
    n = float(counted.frequency[given].sum())
    stop_if_any(_unfit(counted, codes, n, equal_slopes=equal_slopes))
    answered = Answered(
        _places(counted.items, counted.answers[:, given], codes), counted.frequency[given]
    )
    start = _start(answered, codes, equal_slopes=equal_slopes)
    spread = _spread(start, equal_slopes=equal_slopes)
    with on_one_core():
        fitted = maximise(answered, start, spread, normal_grid())
    if not fitted.converged:
        raise StatisticsError(
            Problem(
                name_of(counted.items),
                "the graded response model found no maximum: some slope grows without bound",
                "Look for items that repeat each other, or for rare answers to join",
            )
        )
    return _report(counted, codes, fitted, spread, n, points)


def _unfit(
    counted: Patterns, codes: Sequence[Sequence[int]], n: float, *, equal_slopes: bool
) -> list[Problem]:
    least = 2 if equal_slopes else 3
    if len(codes) < least:
        return [
            Problem(
                name_of(counted.items),
                f"the model needs {least} items, got {len(codes)}",
                "Add items" if equal_slopes else "Add items, or hold slopes equal",
            )
        ]
    problems = [
        Problem(
            f"item {item!r}",
            f"an item must vary, all answers are {seen[0]}" if seen else "it has no answers",
            "Leave the item out",
        )
        for item, seen in zip(counted.items, codes, strict=True)
        if len(seen) < 2
    ]
    if problems:
        return problems
    for second, row in enumerate(counted.answers):
        problems += [
            Problem(
                f"items {counted.items[first]!r} and {counted.items[second]!r}",
                "two items of a scale must differ, these have the same answer in every row",
                "Leave one of them out, or correct the column",
            )
            for first in range(second)
            if (counted.answers[first] == row).all()
        ]
    free = sum(map(len, codes))
    if n <= free:
        problems.append(
            Problem(
                name_of(counted.items),
                f"there must be more rows than parameters, got {n:g} for {free}",
                "Gather more answers or use a shorter scale",
            )
        )
    return problems


def _places(
    items: Sequence[str], answers: Codes, codes: Sequence[Sequence[int]]
) -> NDArray[np.intp]:
    places = np.full(answers.shape[::-1], -1, dtype=np.intp)
    problems = []
    for column, (item, row, seen) in enumerate(zip(items, answers, codes, strict=True)):
        given = row >= 0
        places[given, column] = np.searchsorted(seen, row[given])
        new = sorted(set(np.unique(row[given]).tolist()) - set(seen))
        if new:
            problems.append(
                Problem(
                    f"item {item!r}",
                    f"the model was fitted to the answers {list(seen)}, found {new}",
                    "Fit the model to answers that hold them all",
                )
            )
    stop_if_any(problems)
    return places


def _start(answered: Answered, codes: Sequence[Sequence[int]], *, equal_slopes: bool) -> Curves:
    """Slopes from each item's correlation with the first component, intercepts from its shares."""
    weight = answered.frequency
    given = answered.place >= 0
    share = given * weight[:, None]
    mean = (share * answered.place).sum(axis=0) / share.sum(axis=0)
    centred = np.where(given, answered.place - mean, 0.0)
    covariance = centred.T @ (centred * weight[:, None])
    spread = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / spread[:, None] / spread)
    loading = np.clip(vectors[:, -1] * np.sqrt(values[-1]), -0.85, 0.85)
    loading *= np.sign(loading.sum()) or 1.0
    slopes = 1.3 * loading / np.sqrt(1 - loading**2)
    slopes = np.where(np.abs(slopes) < 0.3, 0.3, slopes)
    if equal_slopes:
        slopes[:] = slopes.mean()
    intercepts = []
    for column, seen in enumerate(codes):
        own = answered.place[:, column]
        counts = np.bincount(own[own >= 0], weights=weight[own >= 0], minlength=len(seen))
        above = counts[::-1].cumsum()[::-1][1:] / counts.sum()
        intercepts.append(np.log(above / (1 - above)) * np.sqrt(1 + slopes[column] ** 2 / 2.89))
    return curves_of(slopes, intercepts)


def _spread(curves: Curves, *, equal_slopes: bool) -> Array:
    """(items × K, free): which slope and intercepts each free parameter is."""
    most = curves.intercepts.shape[1] + 1
    whole = np.eye(len(curves.slopes) * most)
    real = np.column_stack([np.ones(len(curves.slopes), bool), np.isfinite(curves.intercepts)])
    if not equal_slopes:
        return whole[:, real.ravel()]
    is_slope = np.arange(len(whole)) % most == 0
    return np.column_stack([is_slope.astype(np.float64), whole[:, real.ravel() & ~is_slope]])


def _report(
    counted: Patterns,
    codes: tuple[tuple[int, ...], ...],
    fitted: Fitted,
    spread: Array,
    n: float,
    points: Points | None,
) -> GradedResponse:
    curves = fitted.curves
    covariance: Array = np.asarray(np.linalg.inv(fitted.information), dtype=np.float64)
    blocks = (spread @ covariance @ spread.T).reshape(
        len(codes), -1, len(codes), spread.shape[0] // len(codes)
    )
    threshold_se = []
    for item, seen in enumerate(codes):
        slope, steps = curves.slopes[item], len(seen) - 1
        b = -curves.intercepts[item, :steps] / slope
        own = blocks[item, : steps + 1, item, : steps + 1]
        by = np.column_stack([-b / slope, -np.eye(steps) / slope])
        threshold_se.append(np.sqrt(np.diag(by @ own @ by.T)))
    doubts = [
        f"slope of {item} is {slope:.1f}: it is nearly the trait itself, or repeats another item"
        for item, slope in zip(counted.items, curves.slopes.tolist(), strict=True)
        if abs(slope) > STEEPEST
    ]
    doubts += [
        f"slope of {item} is {slope:.1f}: it points the other way, turn it first"
        for item, slope in zip(counted.items, curves.slopes.tolist(), strict=True)
        if slope < 0
    ]
    margins = (
        {code: float(counted.frequency[row == code].sum()) for code in seen}
        for row, seen in zip(counted.answers, codes, strict=True)
    )
    if points is None:
        doubts += strays(counted.items, margins)
    each = np.arange(len(codes))
    return GradedResponse(
        items=counted.items,
        codes=codes,
        curves=curves,
        slope_se=np.sqrt(blocks[each, 0, each, 0]),
        threshold_se=tuple(threshold_se),
        loglik=fitted.loglik,
        parameters=spread.shape[1],
        n=round(n),
        patterns=len(counted.frequency),
        converged=fitted.converged,
        doubts=tuple(doubts),
        covariance=covariance,
    )
