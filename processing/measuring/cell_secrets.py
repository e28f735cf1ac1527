"""What a study keeps of each published cell: how secret it is, and what it costs to hide it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from processing.errors import StatisticsError

from .disclosure_limits import DisclosureLimits
from .published_tables import Array, Ids, Relations
from .suppression import Mask, Protected, Secrets, protect

_LITTLE_LOST = 0.1


@dataclass(frozen=True)
class Marks:
    """What is known of cells before anything is hidden, each a truth a cell (see `disclose`)."""

    before: Mask
    known: Mask
    silent: Mask
    spare: Mask
    pages: tuple[Ids, ...] = ()

    @property
    def hidden(self) -> Mask:
        return self.before | self.silent

    def secret(self, few: Mask) -> Mask:
        """Cells that must be uncertain where they are hidden; of silent ones the small alone."""
        return ~self.silent | self.before | few

    def cost(self, cost: Array) -> Array:
        return np.where(self.spare, _LITTLE_LOST * cost, cost)


@dataclass(frozen=True)
class Values:
    """Of each cell how many answered, what they weigh, and their mean."""

    count: Array
    mass: Array
    average: Array


def marks_of(
    cells: pd.DataFrame,
    order: pd.Index,
    *,
    before: ArrayLike | None,
    known: ArrayLike | None,
    silent: ArrayLike | None,
    spare: ArrayLike | None,
    pages: Sequence[Sequence[str]],
) -> Marks:
    """The marks of `cells` in another order, and their pages as numbers."""
    table = cells.loc[order]
    return Marks(
        _in_order(cells, before, order),
        _in_order(cells, known, order),
        _in_order(cells, silent, order),
        _in_order(cells, spare, order),
        tuple(np.asarray(table.groupby([*page], sort=False).ngroup(), np.intp) for page in pages),
    )


def _in_order(cells: pd.DataFrame, marks: ArrayLike | None, order: pd.Index) -> Mask:
    if marks is None:
        return np.zeros(len(order), bool)
    given: Mask = pd.Series(np.asarray(marks, bool), cells.index).loc[order].to_numpy()
    return given


def protect_counts(
    found: Relations, count: Array, few: Mask, marks: Marks, limits: DisclosureLimits, seed: int
) -> Protected:
    """Hide few answers and what would tell how many they are."""
    empty = limits.zeros & (count == 0)
    cost = marks.cost(1 + np.log1p(count) * _breadth(found))

    def protected(told: Mask) -> Protected:
        known = empty | told
        secrets = Secrets(
            count,
            np.where(told, count, 0.0),
            np.where(known, count, np.inf),
            np.where(known | ~marks.secret(few), 0.0, limits.count_width),
            cost,
            marks.pages,
        )
        return protect(found, secrets, few | marks.hidden, seed=seed)

    return _as_known(protected, marks.known)


def combined_of(
    combinations: Sequence[pd.Series], order: pd.Index, mass: Array
) -> sparse.csr_matrix:
    """Coefficients of sums, a row a combination; the largest is 1, so that its cell moves as theirs."""
    rows = sparse.lil_matrix((len(combinations), len(order)))
    for row, given in enumerate(combinations):
        at = order.get_indexer(given.index)
        of_sums = given.to_numpy(float) / mass[at]
        rows[row, at] = of_sums / np.abs(of_sums).max()
    return rows.tocsr()


def protect_sums(
    found: Relations,
    values: Values,
    combined: sparse.csr_matrix,
    worth: Sequence[float],
    told: int,
    primary: tuple[Mask, Mask],
    marks: Marks,
    limits: DisclosureLimits,
    seed: int,
) -> Protected:
    """Hide means of few and what would tell them, where sums add up and every weight is known.

    `found` has the rows `combined` as cells after the others, of which the last `told` are out already;
    the others are `worth` so many means each.
    `primary` are the cells of few answers, and those whose count is hidden.
    """
    few, uncounted = primary
    mass, count = values.mass, values.count
    sums = mass * values.average
    # A cell of more than mean_n is no secret itself: its sum need be no less certain than theirs.
    width = mass * limits.mean_width * np.minimum(1.0, limits.mean_n / np.maximum(count, 1.0))
    width = np.where(marks.secret(few), width, 0.0)
    more = combined.shape[0]
    values_of = combined @ sums
    free = np.concatenate([np.full(more - told, np.inf), np.zeros(told)])
    # Whatever moves on the way round moves by the same sum, large cells and small ones.
    cost = marks.cost(1 + np.log1p(count) * _breadth(found)[: len(count)])
    dear = np.array([*worth, *[1.0] * told]) * (1 + float(np.median(np.log1p(count))))
    empty = limits.zeros & (count == 0)
    hidden = (few | uncounted | marks.hidden) & ~empty

    def protected(known: Mask) -> Protected:
        secrets = Secrets(
            np.concatenate([sums, values_of]),
            np.concatenate([np.where(known, sums, mass * limits.lowest), values_of - free]),
            np.concatenate([np.where(known, sums, mass * limits.highest), values_of + free]),
            np.concatenate([np.where(known, 0.0, width), np.zeros(more)]),
            np.concatenate([cost, dear]),
            tuple(_with_own(page, more) for page in marks.pages),
        )
        primary = np.concatenate([hidden, np.zeros(more, bool)])
        return protect(found, secrets, primary, seed=seed)

    return _as_known(protected, marks.known)


def _as_known(protect_with: Callable[[Mask], Protected], told: Mask) -> Protected:
    """Protect without those that all know already; with them only where nothing else is left."""
    try:
        return protect_with(told)
    except StatisticsError:
        if not told.any():
            raise
        return protect_with(np.zeros(len(told), bool))


def _with_own(page: Ids, more: int) -> Ids:
    """Combinations are on no page of the cells'."""
    return np.concatenate([page, page.max(initial=-1) + 1 + np.arange(more)]).astype(np.intp)


def _breadth(found: Relations) -> Array:
    """1 for a cell that is no total, more for each relation it is the total of."""
    totals = (found.matrix > 0).sum(axis=0)
    return 1.0 + 4.0 * np.asarray(totals, float).ravel()
