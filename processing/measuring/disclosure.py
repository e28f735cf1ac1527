"""What may be published: no small cell, and none that can be worked out from the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from processing.errors import Problem, stop_if_any

from .cell_secrets import Marks, Values, combined_of, marks_of, protect_counts, protect_sums
from .disclosure_limits import DisclosureLimits
from .earlier_cells import EarlierCells, ToldThen, earlier_cells, joined
from .published_tables import Array, Parents, Relations, relations, that_do_not_add_up, unsound
from .suppression import Mask, Protected

_WORTH = 20.0


@dataclass(frozen=True)
class Disclosure:
    """A table that may leave, and what was hidden in it and why.

    `frame` is the table as given, with blanks in `n` and the mean where they are hidden: it does not
    tell why. `reasons`, for those who see the answers, has n_hidden and mean_hidden ("", "few",
    "protects others") and how wide an interval each hidden value lies in at least (n_width,
    mean_width; NaN where shown).
    """

    frame: pd.DataFrame
    reasons: pd.DataFrame = field(repr=False)
    limits: DisclosureLimits
    combined: tuple[bool, ...] = ()
    """Of each combination of means that was given, whether it may be shown."""

    def to_frame(self) -> pd.DataFrame:
        """The table that may leave."""
        return self.frame.copy()

    def __str__(self) -> str:
        told = [f"{len(self.frame):,} cells"]
        for name in ("n", "mean"):
            if f"{name}_hidden" in self.reasons:
                why = self.reasons[f"{name}_hidden"]
                told.append(
                    f"{name}: {(why == '').sum():,} shown, {(why == 'few').sum():,} too small,"
                    f" {(why == 'protects others').sum():,} hidden to protect them"
                )
        return "\n  ".join(told)


def disclose(
    cells: pd.DataFrame,
    keys: Sequence[str],
    parents: Parents,
    *,
    n: str = "n",
    mean: str | None = None,
    weight: str | None = None,
    limits: DisclosureLimits | None = None,
    before: ArrayLike | None = None,
    known: ArrayLike | None = None,
    silent: ArrayLike | None = None,
    spare: ArrayLike | None = None,
    then: ToldThen | None = None,
    pages: Sequence[Sequence[str]] = (),
    combinations: Sequence[pd.Series] = (),
    worth: Sequence[float] | None = None,
    seed: int = 1,
    block: int = 500,
) -> Disclosure:
    """Hide what is too small, and what would give it away.

    Parameters: `cells` has a row for every cell that is published anywhere, all tables, levels,
    waves and languages together; `keys` name a cell, `parents` tell what adds up to what (see
    `published_tables.relations`). Several measures are a key of their own without parents. `n`
    counts answers; `mean` is optional, and `weight` the sum of weights it was made with (n itself
    unless named). Totals must be the sums of their parts, in answers and in weight × mean.

    Rules: a count under the limit is hidden, as is a mean of too few answers; a mean whose count is
    hidden is hidden as well. A mean and its weight tell a sum, and sums add up: they are protected
    as counts are, an attacker being taken to know every weight. Then further cells are hidden until
    every hidden cell, also those, lies in an interval of the width set (see `suppression.protect`).
    Counts and sums are each protected against adding and subtracting their own kind. Other numbers
    made from a hidden cell (shares, shrunk estimates, intervals) are to be hidden with it.

    `before` marks cells that were hidden when the table was told before: they stay hidden. `known`
    marks those that were shown then: they can hide nothing any more, and are hidden for nobody; what
    they leave too little room for is as uncertain as can be. `then` is what was told of cells as they
    were, before some took their answers back: what they are now is what they were less what these
    said, and both must stay uncertain. `silent` marks cells that another table hides with the place
    they are of: they are hidden here too, and hide others; what is not small in them is no secret.
    `spare` marks those of which little is lost. `pages` name keys that cells are shown together by, the
    narrower first, as (("place", "wave"), ("place",)): what has to be hidden is rather taken from pages
    that lack something already, so that one small area costs one other its page, and not one for each
    scale.

    `combinations` are numbers that are published beside, each linear in means:
    its coefficients by the index of `cells`. One that would give a cell away may not be shown, or
    further cells are hidden, whichever costs less: each is `worth` so many means, twenty unless
    given. Those that are out already are `combinations` of `then`: they are known whatever is decided
    now.

    `block` is about how many cells are solved together: more hide less and take longer.

    The same cells, in any order, and seed give the same table. Raises StatisticsError with every
    problem: cells that are there twice, totals that are not the sum of their parts, means outside
    the limits.

    >>> table = pd.DataFrame({"area": ["a", "b", "c", "all"], "n": [3, 40, 12, 55]})
    >>> parents = {"area": {"a": "all", "b": "all", "c": "all"}}
    >>> disclose(table, ["area"], parents).frame["n"].tolist()
    [<NA>, 40, <NA>, 55]
    """
    limits = limits or DisclosureLimits()
    stop_if_any([*unsound(cells, keys, parents), *_wrong(cells, n, mean, weight, limits)])
    order = cells[[*keys]].astype(str).sort_values([*keys]).index if cells.index.is_unique else None
    table = cells.loc[order] if order is not None else cells
    found = relations(table, keys, parents, block=block)
    count = table[n].to_numpy(float)
    mass = table[weight].to_numpy(float) if weight else count
    average = np.where(mass > 0, table[mean].to_numpy(float), 0.0) if mean else np.zeros(len(table))
    problems = [*that_do_not_add_up(table, keys, found.matrix, count, n)]
    if mean:
        problems += that_do_not_add_up(table, keys, found.matrix, mass * average, "weight × mean")
    stop_if_any(problems)

    marks = marks_of(
        cells, table.index, before=before, known=known, silent=silent, spare=spare, pages=pages
    )
    whole = _Table(
        table, [*keys], parents, found, Values(count, mass, average), marks, then or ToldThen(), limits,
        seed, block,
    )  # fmt: skip
    few = (count < limits.count) & ((count > 0) | (not limits.zeros))
    counts = whole.counts(few)
    reasons = table[[*keys]].assign(
        n_hidden=_why(few, counts.hidden), n_width=_width(counts, np.ones(len(table)))
    )
    shown = table.assign(**{n: _blanked_counts(count, counts.hidden, cells.loc[table.index, n])})
    combined: tuple[bool, ...] = ()
    if mean:
        sums, combined = whole.sums(counts.hidden, combinations, worth)
        reasons["mean_hidden"] = _why((count < limits.mean_n), sums.hidden)
        reasons["mean_width"] = _width(sums, mass)
        shown[mean] = np.where(sums.hidden | (count == 0), np.nan, table[mean].to_numpy(float))
    return Disclosure(shown.loc[cells.index], reasons.loc[cells.index], limits, combined)


@dataclass(frozen=True)
class _Table:
    """A sound table in its own order, and what is known of it beforehand."""

    cells: pd.DataFrame
    keys: Sequence[str]
    parents: Parents
    found: Relations
    values: Values
    marks: Marks
    then: ToldThen
    limits: DisclosureLimits
    seed: int
    block: int

    def counts(self, few: Mask) -> Protected:
        """Which counts to hide."""
        earlier = self._earlier(combinations=False)
        found = self._with(self._none(), earlier)
        made = protect_counts(
            found, self.values.count, few, earlier, self.marks, self.limits, self.seed
        )
        return self._of_cells(made)

    def sums(
        self, uncounted: Mask, combinations: Sequence[pd.Series], worth: Sequence[float] | None
    ) -> tuple[Protected, tuple[bool, ...]]:
        """Which means to hide, and of which combinations nothing is hidden."""
        count, limits = self.values.count, self.limits
        empty = limits.zeros & (count == 0)
        earlier = self._earlier(combinations=True)
        rows = combined_of(combinations, self.cells.index, self.values.mass)
        made = protect_sums(
            self._with(rows, earlier), self.values, rows, worth or [_WORTH] * len(combinations), earlier,
            ((count < limits.mean_n) & ~empty, uncounted & ~empty), self.marks, limits, self.seed,
        )  # fmt: skip
        size = len(self.cells)
        told = ~made.hidden[size : size + len(combinations)]
        return self._of_cells(made), tuple(told.tolist())

    def _earlier(self, *, combinations: bool) -> EarlierCells:
        totals = np.asarray((self.found.matrix > 0).sum(axis=0)).ravel() > 0
        return earlier_cells(
            self.then, self.cells.index, self.values.count, np.flatnonzero(~totals),
            combinations=combinations,
        )  # fmt: skip

    def _with(self, rows: sparse.csr_matrix, earlier: EarlierCells) -> Relations:
        found = self.found
        ties = sparse.vstack([rows, earlier.ties], format="csr")
        if ties.shape[0]:
            found = relations(self.cells, self.keys, self.parents, block=self.block, ties=ties)
        return joined(found, rows, earlier)

    def _none(self) -> sparse.csr_matrix:
        return sparse.csr_matrix((0, len(self.cells)))

    def _of_cells(self, made: Protected) -> Protected:
        return Protected(made.hidden[: len(self.cells)], made.reach[: len(self.cells)])


def _why(few: Mask, hidden: Mask) -> np.ndarray:
    return np.where(few & hidden, "few", np.where(hidden, "protects others", ""))


def _width(protected: Protected, unit: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(protected.hidden, protected.reach / unit, np.nan)


def _blanked_counts(count: Array, hidden: Mask, given: pd.Series) -> pd.Series:
    return pd.Series(count, given.index).astype("Int64").mask(hidden)


def _wrong(
    cells: pd.DataFrame, n: str, mean: str | None, weight: str | None, limits: DisclosureLimits
) -> list[Problem]:
    found = [
        Problem(name, "the table has no such column", "Name a column of the table")
        for name in (n, mean, weight)
        if name and name not in cells.columns
    ]
    if limits.mean_n < limits.count:
        found.append(
            Problem(
                "limits",
                f"means from n = {limits.mean_n} would be shown where a count under"
                f" {limits.count} is not",
                "Let mean_n be at least count",
            )
        )
    if not 0 < limits.mean_width <= (limits.highest - limits.lowest) / 2:
        found.append(
            Problem(
                "limits",
                f"mean_width is {limits.mean_width}, means run from {limits.lowest} to"
                f" {limits.highest}",
                "Let it be above 0 and at most half of that",
            )
        )
    if found:
        return found
    if not (cells[n] >= 0).all() or (cells[n] % 1 != 0).any():
        found.append(Problem(n, "a count is missing, below zero or broken", "Give whole counts"))
    if mean:
        with_n = cells[cells[n] > 0]
        outside = ~with_n[mean].between(limits.lowest - 1e-9, limits.highest + 1e-9)
        if outside.any():
            found.append(
                Problem(
                    mean,
                    f"{int(outside.sum()):,} means are missing or outside {limits.lowest} to"
                    f" {limits.highest}",
                    "Give a mean wherever somebody answered, and the limits of its scale",
                )
            )
    if weight and not (cells[weight] >= 0).all():
        found.append(Problem(weight, "a weight is missing or below zero", "Give sums of weights"))
    return found
