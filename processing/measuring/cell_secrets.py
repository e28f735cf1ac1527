"""What a study keeps of each published cell: how secret it is, and what it costs to hide it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from .disclosure_limits import DisclosureLimits
from .earlier_cells import EarlierCells
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
    found: Relations,
    count: Array,
    few: Mask,
    earlier: EarlierCells,
    marks: Marks,
    limits: DisclosureLimits,
    seed: int,
) -> Protected:
    """Hide few answers and what would tell how many they are.

    `found` has the cells, then those of `earlier`.
    """
    known = limits.zeros & (count == 0) | marks.known
    low, high = np.where(known, count, 0.0), np.where(known, count, np.inf)
    most = np.minimum(limits.count_width, count + earlier.near)
    width = np.where(known | ~marks.secret(few), 0.0, most)
    cost = marks.cost(1 + np.log1p(count) * _breadth(found)[: len(count)])
    # Nobody joins those who answered, so that fewer than none cannot have left.
    were = np.where(np.isnan(earlier.n), earlier.left, earlier.n)
    secrets = Secrets(
        np.concatenate([count, were]),
        np.concatenate([low, np.zeros(earlier.more)]),
        np.concatenate([high, np.full(earlier.more, np.inf)]),
        np.concatenate([width, np.where(earlier.n < limits.count, limits.count_width, 0.0)]),
        np.concatenate([cost, np.ones(earlier.more)]),
        tuple(_with_own(page, earlier.more) for page in marks.pages),
    )
    primary = np.concatenate([few | marks.hidden, np.ones(earlier.more, bool)])
    return _protected(found, secrets, primary, earlier, marks, seed)


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
    earlier: EarlierCells,
    primary: tuple[Mask, Mask],
    marks: Marks,
    limits: DisclosureLimits,
    seed: int,
) -> Protected:
    """Hide means of few and what would tell them, where sums add up and every weight is known.

    `found` has the cells, a cell for each row of `combined`, `worth` so many means each, and those of
    `earlier`. `primary` are the cells of few answers, and those whose count is hidden.
    """
    few, uncounted = primary
    mass, count = values.mass, values.count
    sums = mass * values.average
    # Whatever moves on the way round moves by the same sum, large cells and small ones.
    cost = marks.cost(1 + np.log1p(count) * _breadth(found)[: len(count)])
    dear = np.array([*worth]) * (1 + float(np.median(np.log1p(count))))
    empty = limits.zeros & (count == 0)
    hidden = (few | uncounted | marks.hidden) & ~empty

    low = np.where(marks.known, sums, mass * limits.lowest)
    high = np.where(marks.known, sums, mass * limits.highest)
    one = mass.sum() / max(count.sum(), 1.0)
    each = np.divide(mass, count, out=np.full(len(mass), one), where=count > 0)
    room = each * (limits.highest - limits.lowest)
    # A cell of more than mean_n is no secret itself: its sum need be no less certain than theirs.
    width = mass * limits.mean_width * np.minimum(1.0, limits.mean_n / np.maximum(count, 1.0))
    width = np.where(marks.secret(few), np.minimum(width, room * earlier.near), 0.0)
    free = np.full(combined.shape[0], np.inf)
    left = np.isnan(earlier.n)
    were = np.where(
        earlier.n < limits.mean_n, earlier.n * each[earlier.of] * limits.mean_width, 0.0
    )
    said = room[earlier.of] * earlier.left
    more = len(free) + earlier.more

    def secrets(up: float) -> Secrets:
        return Secrets(
            np.concatenate([sums, np.zeros(more)]),
            np.concatenate([low, -free, np.where(left, -(1 - up) * said, -np.inf)]),
            np.concatenate([high, free, np.where(left, up * said, np.inf)]),
            np.concatenate([np.minimum(width, high - low), np.zeros(len(free)), were]),
            np.concatenate([cost, dear, np.ones(earlier.more)]),
            tuple(_with_own(page, more) for page in marks.pages),
        )

    first = np.concatenate([hidden, np.zeros(len(free), bool), np.ones(earlier.more, bool)])
    made = _protected(found, secrets(0.5), first, earlier, marks, seed)
    # Where in what those who left can have said their sum lies nobody knows: in the middle, or all
    # the way at either end, where what is open of two cells may not make up for one another.
    for up in (1.0, 0.0, 1.0) if left.any() else ():
        once_more = _protected(found, secrets(up), made.hidden, earlier, marks, seed)
        made = Protected(once_more.hidden, np.minimum(made.reach, once_more.reach))
    return made


def _protected(
    found: Relations,
    secrets: Secrets,
    primary: Mask,
    earlier: EarlierCells,
    marks: Marks,
    seed: int,
) -> Protected:
    """Where something was told before, what it leaves too little room for is as uncertain as can be."""
    as_far = bool(marks.known.any() or (earlier.left > 0).any())
    return protect(found, secrets, primary, as_far=as_far, seed=seed)


def _with_own(page: Ids, more: int) -> Ids:
    """Combinations are on no page of the cells'."""
    return np.concatenate([page, page.max(initial=-1) + 1 + np.arange(more)]).astype(np.intp)


def _breadth(found: Relations) -> Array:
    """1 for a cell that is no total, more for each relation it is the total of."""
    totals = (found.matrix > 0).sum(axis=0)
    return 1.0 + 4.0 * np.asarray(totals, float).ravel()
