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
from .trimming import trimmed
from .weighting_cells import ROWS, CellKey, key_of, tally

_MET = 1e-6  # share of the group's total
_TRIM_ROUNDS = 60
_EVERYONE = "everyone"


@dataclass(frozen=True)
class Weights:
    """Calibrated weights, by cell: rows with the same group, answers and base weight share one.

    `groups` has a row a group: rows, population, rounds, gap (the largest difference from a count,
    as a share of the population), deff (Kish), effective_n, lowest and highest (in means of the
    group), outside (rows beyond the trimming limits in the end). `margins` has a row a category that
    was met: rows, count, base and weighted (people), gap (weighted − count). `collapsed` tells
    categories that were counted as one, `left_out` rows that have no weight.
    """

    method: Method
    groups: pd.DataFrame
    margins: pd.DataFrame
    collapsed: tuple[Collapse, ...]
    rows: int
    left_out: int
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
        worst = self.groups["gap"].max()
        low, high = self.groups["lowest"].min(), self.groups["highest"].max()
        told = (
            f"Weights by {self.method}: {self.rows:,} rows in {len(self.groups):,} groups,"
            f" design effect {self.deff:.3f}, effective n {self.effective_n:,.0f}\n"
            f"  margins are met within {worst:.1e} of each group's population\n"
            f"  weights run from {low:.2f} to {high:.2f} times their group's mean;"
            f" {int(self.groups['outside'].sum()):,} rows are beyond the trimming limits\n"
            f"  {self.left_out:,} rows have no weight;"
            f" {len(self.collapsed):,} categories were counted with others"
        )
        return "\n".join([told, *(f"    {one}" for one in self.collapsed[:10])])


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
    Σ w = count in every category of every margin. Where weights lie beyond `trim`, they are cut off
    (`trimming.trimmed`) and calibrated again, until they lie within or this no longer helps; the
    margins are what is met in the end, and `groups.outside` tells what still lies beyond.

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

    Equal to R: `rake`, `calibrate` (linear, raking, logit with bounds) and `trimWeights` of survey
    4.1-1, to 1e-6.

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
    ordered: Collection[str] = (),
    unknowable: Mapping[str, Sequence[object]] | None = None,
    trim: tuple[float, float] | None = (0.3, 3.0),
    tolerance: float = 0.0,
    left_out: int = 0,
) -> Weights:
    """As `weigh`, from a tally of the rows, so that they need never be in memory together.

    `cells` has the columns `group`, the margins' variables, `base` and rows (see `tally` and `add_tallies`),
    each row with a base weight above zero.
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
    if trim:
        weight = _trim(weight, rows, made, trim, method)
    return Weights(
        method,
        _told_of_groups(made, weight, rows, rounds, trim),
        _told_of_margins(made, weight * rows, group),
        made.collapsed,
        int(rows.sum()),
        left_out,
        cells.assign(base_weight_of_row=made.mass / rows, weight=weight),
        key,
        made.constraints,
    )


def _trim(
    weight: Array, rows: Array, made: Design, trim: tuple[float, float], method: Method
) -> Array:
    """Cut off and calibrate again, group by group, where any weight lies beyond the limits.

    Calibrating what was cut off is always by raking or linear without bounds: bounds are about the
    way from base weights, and the limits now stand in their place.
    """
    now = weight.copy()
    mean = _means(made, rows)
    again: Method = "linear" if method == "linear" else "raking"
    for _ in range(_TRIM_ROUNDS):
        outside = _outside(now, mean[made.constraints.group], trim)
        touched = np.zeros(made.constraints.groups, bool)
        touched[made.constraints.group[outside]] = True
        if not touched.any():
            break
        cells = touched[made.constraints.group]
        some, _ = made.constraints.of(cells)
        low, high = trim[0] * mean[touched], trim[1] * mean[touched]
        cut, _ = trimmed(now[cells], rows[cells], some.group, low, high)
        factors, _ = calibrate(cut * rows[cells], some, again)
        better = (cut * factors > 0) & np.isfinite(factors)
        met = some.gaps(cut * rows[cells] * factors) <= _MET
        sound = met & (np.bincount(some.group, ~better, some.groups) == 0)
        now[cells] = np.where(sound[some.group], cut * factors, now[cells])
    return now


def _means(made: Design, rows: Array) -> Array:
    population: Array = made.groups["population"].to_numpy(float)
    return population / np.bincount(made.constraints.group, rows, made.constraints.groups)


def _outside(weight: Array, mean: Array, trim: tuple[float, float] | None) -> np.ndarray:
    if trim is None:
        return np.zeros(len(weight), bool)
    slack = 1e-4
    outside: np.ndarray = (weight < trim[0] * mean * (1 - slack)) | (
        weight > trim[1] * mean * (1 + slack)
    )
    return outside


def _told_of_groups(
    made: Design, weight: Array, rows: Array, rounds: Ids, trim: tuple[float, float] | None
) -> pd.DataFrame:
    group, count = made.constraints.group, made.constraints.groups
    n = np.bincount(group, rows, count)
    total = np.bincount(group, rows * weight, count)
    squares = np.bincount(group, rows * weight**2, count)
    mean = total / n
    lowest, highest = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(lowest, group, weight / mean[group])
    np.maximum.at(highest, group, weight / mean[group])
    outside = _outside(weight, _means(made, rows)[group], trim)
    return made.groups.drop(columns="label").assign(
        rows=n.astype(int),
        rounds=rounds,
        gap=made.constraints.gaps(weight * rows),
        deff=n * squares / total**2,
        effective_n=total**2 / squares,
        lowest=lowest,
        highest=highest,
        outside=np.bincount(group, rows * outside, count).astype(int),
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
