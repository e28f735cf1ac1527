"""Weights that bring who answered to who lives there, within areas, boligområder or plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from processing.errors import Problem, StatisticsError, stop_if_any

from .calibration import Array, Constraints, Ids, Method, calibrate
from .collapsing import Collapse
from .margin_design import Design, design
from .register_margins import (
    categories,
    problems_of_table,
    problems_with_answers,
    unknown_variables,
)
from .trimming import Limited, beyond, limited
from .weighting_cells import ROWS, CellKey, key_of, tally

_MET = 1e-6  # share of the group's total
_EVERYONE = "everyone"


@dataclass(frozen=True)
class Weights:
    """Calibrated weights, by cell: rows with the same group, answers and base weight share one.

    `groups` has a row a group: rows, population, rounds, gap (the largest difference from a count,
    as a share of the population), deff (Kish), effective_n, lowest and highest (in means of the
    group), low_limit and high_limit (what they were kept within, in means; wider than `trim` where
    margins cannot be met within it), outside (rows beyond `trim`). `margins` has a row a category that
    was met: rows, count, base and weighted (people), gap (weighted − count). `collapsed` tells
    categories that were counted as one, `left_out` rows that have no weight.
    """

    method: Method
    groups: pd.DataFrame
    margins: pd.DataFrame
    collapsed: tuple[Collapse, ...]
    rows: int
    left_out: int
    trim: tuple[float, float] | None
    cells: pd.DataFrame = field(repr=False)  # the cells' values, rows, base_weight_of_row, weight
    key: CellKey = field(repr=False)
    constraints: Constraints = field(repr=False)

    def of(self, frame: pd.DataFrame) -> pd.Series:
        """Each row's weight, NaN where it has none. The rows may be a part of those weighted."""
        at = self.cell_of(frame)
        weight = np.append(self.cells["weight"].to_numpy(float), np.nan)[at]
        return pd.Series(weight, frame.index, name="weight")

    def cell_of(self, frame: pd.DataFrame) -> Ids:
        """Each row's cell, -1 where it has none."""
        if _EVERYONE in self.key.columns and _EVERYONE not in frame.columns:
            frame = frame.assign(**{_EVERYONE: _EVERYONE})
        return self.key.of(frame)

    @property
    def widened(self) -> pd.Series:
        """Groups, a row each of `groups`, whose margins cannot be met within `trim`."""
        limit = self.trim[1] if self.trim else np.inf
        return self.groups["high_limit"] > limit

    @property
    def deff(self) -> float:
        """Kish's design effect of all weights: n·Σw² / (Σw)²."""
        return _kish(self.cells["weight"].to_numpy(float), self.cells[ROWS].to_numpy(float))

    @property
    def effective_n(self) -> float:
        """(Σw)² / Σw²."""
        return float(self.cells[ROWS].sum()) / self.deff

    def to_frame(self) -> pd.DataFrame:
        """A row a category of each group's margins, as in `margins`."""
        return self.margins.copy()

    def __str__(self) -> str:
        return "\n".join([self.summary(), *(f"    {one}" for one in self.collapsed[:10])])

    def summary(self) -> str:
        """How many rows, how well margins are met and at what cost, without a count of any category."""
        worst = self.groups["gap"].max()
        low, high = self.groups["lowest"].min(), self.groups["highest"].max()
        wider = self.groups[self.widened]
        reach = (
            f"; limits are wider, at most {wider['low_limit'].min():.2f} and"
            f" {wider['high_limit'].max():.2f}, where margins cannot be met within them: in"
            f" {len(wider):,} of {len(self.groups):,} groups"
        )
        joined = "category was" if len(self.collapsed) == 1 else "categories were"
        return (
            f"Weights by {self.method}: {self.rows:,} rows in {len(self.groups):,} groups,"
            f" design effect {self.deff:.3f}, effective n {self.effective_n:,.0f}\n"
            f"  margins are met within {worst:.1e} of each group's population\n"
            f"  weights run from {low:.2f} to {high:.2f} times their group's mean;"
            f" {int(self.groups['outside'].sum()):,} rows are beyond the trimming limits"
            f"{reach if len(wider) else ''}\n"
            f"  {self.left_out:,} rows have no weight;"
            f" {len(self.collapsed):,} {joined} counted with others"
        )


def weigh(
    frame: pd.DataFrame,
    margins: pd.DataFrame,
    *,
    group: str | Sequence[str] = (),
    base: str | None = "base_weight",
    method: Method = "raking",
    bounds: tuple[float, float] | None = None,
    thin: int = 5,
    ordered: Collection[str] = (),
    unknowable: Mapping[str, Sequence[object]] | None = None,
    trim: tuple[float, float] | None = (0.3, 3.0),
    tolerance: float = 0.0,
) -> Weights:
    """Calibrate base weights to register counts within each group.

    Definition: w = d·g with g as near 1 as its method has it (see `calibration.calibrate`) and
    Σ w = count in every category of every margin, of all weights that lie between `trim` times their
    group's mean. Where margins cannot be met within these limits, both are widened by a tenth at a
    time until they can (`trimming.limited`); `groups` tells so.

    Parameters: `frame` has a row an answer, with the columns `group`, `base` and a column for each
    variable that `margins` count. `margins` has the columns `group`, variable, category and count;
    variables may be crossed by making a column of both. Categories are compared as text. Rows whose
    base weight is 0 or blank get none. `bounds` of g are for linear and logit, whose base weights
    are first brought to their group's total. Categories with fewer than `thin` answers in a group
    are joined, to neighbours where the variable is `ordered`. `unknowable` lists answers that no
    register has, as {"background_gender": [3]}: they count as no answer. `trim` is in means of the
    group. `tolerance` is the share by which a group's totals may differ between margins, as after
    rounding; the first margin's total holds.

    Raises StatisticsError with every problem: margins that contradict each other, lack a category or
    a group, and groups whose margins cannot be met.

    Equal to R: `rake` and `calibrate` (linear, raking, logit with bounds; with `bounds.const = TRUE`
    where weights are limited) of survey 4.1-1, to 1e-6.

    >>> frame = pd.DataFrame({"sex": [1, 1, 1, 2], "base_weight": 1.0})
    >>> margins = pd.DataFrame({"variable": "sex", "category": ["1", "2"], "count": [50, 50]})
    >>> weigh(frame, margins, thin=0, trim=None).of(frame).round(2).tolist()
    [16.67, 16.67, 16.67, 50.0]
    """
    names = (group,) if isinstance(group, str) else tuple(group)
    if not names:
        names, margins = (_EVERYONE,), margins.assign(**{_EVERYONE: _EVERYONE})
        frame = frame.assign(**{_EVERYONE: _EVERYONE})
    stop_if_any(_problems(frame.columns, margins, names, base, unknowable or {}))
    variables = list(dict.fromkeys(margins["variable"]))
    columns = [*names, *variables, *([base] if base else [])]
    known = frame[base] > 0 if base else pd.Series(data=True, index=frame.index)
    return weigh_cells(
        tally(frame.loc[known, columns], columns),
        margins,
        group=names,
        base=base,
        method=method,
        bounds=bounds,
        thin=thin,
        ordered=ordered,
        unknowable=unknowable,
        trim=trim,
        tolerance=tolerance,
        left_out=int((~known).sum()),
    )


def weigh_cells(
    cells: pd.DataFrame,
    margins: pd.DataFrame,
    *,
    group: Sequence[str],
    base: str | None = "base_weight",
    method: Method = "raking",
    bounds: tuple[float, float] | None = None,
    thin: int = 5,
    ordered: Collection[str] | Mapping[int, Collection[str]] = (),
    unknowable: Mapping[str, Sequence[object]] | None = None,
    trim: tuple[float, float] | None = (0.3, 3.0),
    tolerance: float = 0.0,
    left_out: int = 0,
) -> Weights:
    """As `weigh`, from a tally of the rows, so that they need never be in memory together.

    `cells` has the columns `group`, the margins' variables, `base` and rows (see `tally` and `add_tallies`),
    each row with a base weight above zero. `ordered` may say so of each wave, the first of `group`.
    """
    unknowable = unknowable or {}
    stop_if_any(
        [
            *_problems(cells.columns, margins, group, base, unknowable),
            *_problems_of_method(method, bounds, trim, thin),
        ]
    )
    if not len(cells):
        raise StatisticsError(
            Problem("rows", "none has a base weight", "Give rows that were drawn, or another base")
        )
    margins = margins.assign(category=categories(margins["category"]))
    variables = list(dict.fromkeys(margins["variable"]))
    key = key_of(cells, [*group, *variables, *([base] if base else [])])
    told = cells.assign(
        **{name: categories(cells[name], unknowable.get(name, ())) for name in variables}
    )
    stop_if_any(problems_with_answers(told, margins, group, tolerance))
    start = cells[base].to_numpy(float) if base else np.ones(len(cells))
    made, problems = design(told, margins, group, base=start, thin=thin, ordered=ordered)
    stop_if_any(problems)

    within = bounds or (-np.inf, np.inf)
    factors, rounds = calibrate(made.mass, made.constraints, method, within)
    stop_if_any(_unmet(made, made.mass * factors, method))
    rows = cells[ROWS].to_numpy(float)
    weight = made.mass * factors / rows
    limits = trim or (-np.inf, np.inf)
    kept = limited(weight, made.mass, rows, made.constraints, method, within, limits)
    return Weights(
        method,
        _told_of_groups(made, kept, rows, rounds, limits),
        _told_of_margins(made, kept.weight * rows, group),
        made.collapsed,
        int(rows.sum()),
        left_out,
        trim,
        cells.assign(base_weight_of_row=made.mass / rows, weight=kept.weight),
        key,
        made.constraints,
    )


def _told_of_groups(
    made: Design, kept: Limited, rows: Array, rounds: Ids, trim: tuple[float, float]
) -> pd.DataFrame:
    group, count, weight = made.constraints.group, made.constraints.groups, kept.weight
    n = np.bincount(group, rows, count)
    total = np.bincount(group, rows * weight, count)
    squares = np.bincount(group, rows * weight**2, count)
    share = weight * (n / total)[group]
    lowest, highest = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(lowest, group, share)
    np.maximum.at(highest, group, share)
    return made.groups.drop(columns="label").assign(
        rows=n.astype(int),
        rounds=rounds,
        gap=made.constraints.gaps(weight * rows),
        deff=n * squares / total**2,
        effective_n=total**2 / squares,
        lowest=lowest,
        highest=highest,
        low_limit=kept.low,
        high_limit=kept.high,
        outside=np.bincount(group, rows * beyond(share, *trim), count).astype(int),
    )


def _told_of_margins(made: Design, mass: Array, group: Sequence[str]) -> pd.DataFrame:
    weighted = [made.constraints.sums(margin, mass) for margin in range(len(made.constraints.ids))]
    table = made.categories.assign(weighted=np.concatenate(weighted))
    table["gap"] = table["weighted"] - table["count"]
    named = made.groups[[*group]].iloc[table["g"]].reset_index(drop=True)
    columns = ["variable", "category", ROWS, "count", "mass", "weighted", "gap"]
    told = pd.concat([named, table[columns]], axis=1).rename(columns={"mass": "base"})
    return told.astype({ROWS: int}).sort_values([*group, "variable"], ignore_index=True)


def _kish(weight: Array, rows: Array) -> float:
    return float(rows.sum() * (rows * weight**2).sum() / (rows * weight).sum() ** 2)


def _unmet(made: Design, mass: Array, method: Method) -> list[Problem]:
    gaps = made.constraints.gaps(mass)
    found = []
    for at in np.flatnonzero(~(gaps <= _MET)):
        worst = made.categories[made.categories["g"] == at].copy()
        sums = np.concatenate(
            [made.constraints.sums(m, mass) for m in range(len(made.constraints.ids))]
        )
        worst["off"] = np.abs(sums[worst.index] - worst["count"])
        far = worst.sort_values("off").iloc[-1]
        found.append(
            Problem(
                str(made.groups["label"].iloc[at]),
                f"{method} cannot meet its margins: {far['variable']} = {far['category']} is still"
                f" {far['off']:,.1f} off its {far['count']:,.0f}",
                "Join more categories (`thin`), widen the bounds, or weight within a larger group",
            )
        )
    return found


def _problems(
    present: Collection[str],
    margins: pd.DataFrame,
    group: Sequence[str],
    base: str | None,
    unknowable: Mapping[str, object],
) -> list[Problem]:
    found = problems_of_table(margins, group)
    found += [
        Problem(name, "the rows have no such column", "Name a column of the rows")
        for name in [*group, *([base] if base else [])]
        if name not in present
    ]
    if "variable" in margins.columns:
        found += unknown_variables([*present], margins, unknowable)
    return found


def _problems_of_method(
    method: str,
    bounds: tuple[float, float] | None,
    trim: tuple[float, float] | None,
    thin: int,
) -> list[Problem]:
    found = []
    if method not in {"raking", "linear", "logit"}:
        found.append(Problem("method", f"{method!r} is none", 'Give "raking", "linear" or "logit"'))
    if method == "logit" and bounds is None:
        found.append(Problem("bounds", "logit needs them", "Give (low, high), as (0.3, 3)"))
    if method == "raking" and bounds is not None:
        found.append(
            Problem("bounds", f"raking has none, received {bounds}", 'Give method="logit"')
        )
    if bounds is not None and not bounds[0] < 1 < bounds[1]:
        found.append(Problem("bounds", f"1 must lie between, received {bounds}", "Widen them"))
    if trim is not None and not 0 <= trim[0] < 1 < trim[1]:
        found.append(Problem("trim", f"1 must lie between, received {trim}", "Widen the limits"))
    if thin < 0:
        found.append(Problem("thin", f"it must be 0 or more, received {thin}", "Give a count"))
    return found
