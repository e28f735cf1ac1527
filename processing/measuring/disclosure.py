"""What may be published: no small cell, and none that can be worked out from the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from processing.errors import Problem, StatisticsError, stop_if_any

from .published_tables import (
    Array,
    Parents,
    Relations,
    relations,
    that_do_not_add_up,
    unsound,
    with_combinations,
)
from .suppression import Mask, Protected, Secrets, protect

_COST_OF_COMBINED = 40.0
"""A unit moved: an effect is worth about twenty areas' means."""


@dataclass(frozen=True)
class DisclosureLimits:
    """What a study publishes; the default is safe.

    No mean of fewer than `mean_n` and no count under `count`. A hidden count can be anything within
    an interval of `count_width`, a hidden mean within one of `mean_width` points, whatever is added
    to and subtracted from what is shown; a mean of k times `mean_n` answers, hidden to protect
    others, within a k-th of that. Means run from `lowest` to `highest`. Where `zeros` are
    published, an empty cell is shown as 0: only where all know that nobody was asked there.
    """

    mean_n: int = 10
    count: int = 5
    count_width: float = 5.0
    mean_width: float = 20.0
    lowest: float = 0.0
    highest: float = 100.0
    zeros: bool = False

    def stricter(self, other: DisclosureLimits) -> DisclosureLimits:
        """These limits, with the other's numbers of answers where those are higher."""
        return replace(
            self, mean_n=max(self.mean_n, other.mean_n), count=max(self.count, other.count)
        )


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
    combinations: Sequence[pd.Series] = (),
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
    marks those that were shown then: they can hide nothing any more, and do not protect others while
    that can be helped. `combinations` are numbers that are published beside, each linear in means:
    its coefficients by the index of `cells`. One that would give a cell away may not be shown, or
    further cells are hidden, whichever costs less.

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

    stay, told = (_marked(cells, marks, table.index) for marks in (before, known))
    few = (count < limits.count) & ((count > 0) | (not limits.zeros))
    counts = _as_known(
        lambda held: _protect_counts(found, count, few | stay, held, limits, seed), told
    )
    reasons = table[[*keys]].assign(
        n_hidden=_why(few, counts.hidden), n_width=_width(counts, np.ones(len(table)))
    )
    shown = table.assign(**{n: _blanked_counts(count, counts.hidden, cells.loc[table.index, n])})
    combined: tuple[bool, ...] = ()
    if mean:
        bare = ((count < limits.mean_n) | counts.hidden | stay) & ~(limits.zeros & (count == 0))
        made = _combined(combinations, table.index, mass)
        sums = _as_known(
            lambda held: _protect_sums(found, made, count, mass, average, bare, held, limits, seed),
            told,
        )
        size = len(table)
        combined = tuple((~sums.hidden[size:]).tolist())
        sums = Protected(sums.hidden[:size], sums.reach[:size])
        reasons["mean_hidden"] = _why((count < limits.mean_n), sums.hidden)
        reasons["mean_width"] = _width(sums, mass)
        shown[mean] = np.where(sums.hidden | (count == 0), np.nan, table[mean].to_numpy(float))
    return Disclosure(shown.loc[cells.index], reasons.loc[cells.index], limits, combined)


def _marked(cells: pd.DataFrame, marks: ArrayLike | None, order: pd.Index) -> Mask:
    if marks is None:
        return np.zeros(len(order), bool)
    given: Mask = pd.Series(np.asarray(marks, bool), cells.index).loc[order].to_numpy()
    return given


def _as_known(protect_with: Callable[[Mask], Protected], told: Mask) -> Protected:
    """Protect without those that all know already; with them only where nothing else is left."""
    try:
        return protect_with(told)
    except StatisticsError:
        if not told.any():
            raise
        return protect_with(np.zeros(len(told), bool))


def _combined(combinations: Sequence[pd.Series], order: pd.Index, mass: Array) -> sparse.csr_matrix:
    """Coefficients of sums, a row a combination, so that its cell is of the size of theirs."""
    rows = sparse.lil_matrix((len(combinations), len(order)))
    for row, given in enumerate(combinations):
        at = order.get_indexer(given.index)
        rows[row, at] = given.to_numpy(float) / mass[at] * mass[at].mean()
    return rows.tocsr()


def _protect_counts(
    found: Relations, count: Array, few: Mask, told: Mask, limits: DisclosureLimits, seed: int
) -> Protected:
    empty = limits.zeros & (count == 0)
    known = empty | told
    secrets = Secrets(
        count,
        np.where(told, count, 0.0),
        np.where(known, count, np.inf),
        np.where(known, 0.0, limits.count_width),
        1 + np.log1p(count) * _breadth(found),
    )
    return protect(found, secrets, few, seed=seed)


def _protect_sums(
    found: Relations,
    combined: sparse.csr_matrix,
    count: Array,
    mass: Array,
    average: Array,
    bare: Mask,
    told: Mask,
    limits: DisclosureLimits,
    seed: int,
) -> Protected:
    sums = mass * average
    # A cell of more than mean_n is no secret itself: its sum need be no less certain than theirs.
    width = mass * limits.mean_width * np.minimum(1.0, limits.mean_n / np.maximum(count, 1.0))
    # Cost is counted a unit moved, and large cells must move further in their sum.
    cost = (1 + np.log1p(mass) * _breadth(found)) / np.maximum(mass, 1.0)
    more = combined.shape[0]
    free = np.full(more, np.inf)
    secrets = Secrets(
        np.concatenate([sums, combined @ sums]),
        np.concatenate([np.where(told, sums, mass * limits.lowest), -free]),
        np.concatenate([np.where(told, sums, mass * limits.highest), free]),
        np.concatenate([np.where(told, 0.0, width), np.zeros(more)]),
        np.concatenate([cost, np.full(more, _COST_OF_COMBINED)]),
    )
    primary = np.concatenate([bare, np.zeros(more, bool)])
    return protect(with_combinations(found, combined), secrets, primary, seed=seed)


def _breadth(found: Relations) -> Array:
    """1 for a cell that is no total, more for each relation it is the total of."""
    totals = (found.matrix > 0).sum(axis=0)
    return 1.0 + 4.0 * np.asarray(totals, float).ravel()


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
