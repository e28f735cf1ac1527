"""What a study keeps of each published cell: how secret it is, and what it costs to hide it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

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
    moved: Array
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
    moved: ArrayLike | None,
    pages: Sequence[Sequence[str]],
) -> Marks:
    """The marks of `cells` in another order, and their pages as numbers."""
    table = cells.loc[order]
    return Marks(
        _in_order(cells, before, order),
        _in_order(cells, known, order),
        _in_order(cells, silent, order),
        _in_order(cells, spare, order),
        np.zeros(len(order))
        if moved is None
        else pd.Series(np.asarray(moved, float), cells.index).loc[order].to_numpy(),
        tuple(np.asarray(table.groupby([*page], sort=False).ngroup(), np.intp) for page in pages),
    )


def _in_order(cells: pd.DataFrame, marks: ArrayLike | None, order: pd.Index) -> Mask:
    if marks is None:
        return np.zeros(len(order), bool)
    given: Mask = pd.Series(np.asarray(marks, bool), cells.index).loc[order].to_numpy()
    return given


def sums_left(matrix: sparse.csr_matrix, marks: Marks) -> list[Ids]:
    """Cells whose sum is known of before, though each was hidden and their total is another one now.

    A total and its other parts were told: less these it is the sum of those that were hidden, which
    the same people still make.
    """
    found = []
    for row in np.flatnonzero((matrix > 0) @ (marks.moved != 0)):
        start, stop = matrix.indptr[row], matrix.indptr[row + 1]
        parts = matrix.indices[start:stop][matrix.data[start:stop] < 0]
        hidden = parts[marks.before[parts]]
        if len(hidden):
            found.append(hidden.astype(np.intp))
    return found


def protect_counts(
    found: Relations,
    count: Array,
    few: Mask,
    left: sparse.csr_matrix,
    marks: Marks,
    limits: DisclosureLimits,
    seed: int,
) -> Protected:
    """Hide few answers and what would tell how many they are; `left` are sums that are known already.

    `found` has the rows `left` as cells after the others.
    """
    size, more = len(count), left.shape[0]
    known = limits.zeros & (count == 0) | marks.known
    low = np.where(known, count, np.where(marks.moved < 0, count + marks.moved, 0.0))
    high = np.where(known, count, np.where(marks.moved > 0, count + marks.moved, np.inf))
    width = np.where(known | ~marks.secret(few), 0.0, np.minimum(limits.count_width, high - low))
    cost = marks.cost(1 + np.log1p(count) * _breadth(found)[:size])
    sums = left @ count
    secrets = Secrets(
        np.concatenate([count, sums]),
        np.concatenate([low, sums]),
        np.concatenate([high, sums]),
        np.concatenate([width, np.zeros(more)]),
        np.concatenate([cost, np.ones(more)]),
        tuple(_with_own(page, more) for page in marks.pages),
    )
    primary = np.concatenate([few | marks.hidden, np.zeros(more, bool)])
    made = protect(found, secrets, primary, as_far=bool(marks.known.any()), seed=seed)
    return Protected(made.hidden[:size], made.reach[:size])


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

    low, high = _room(found, values, marks, limits)
    secrets = Secrets(
        np.concatenate([sums, values_of]),
        np.concatenate([low, values_of - free]),
        np.concatenate([high, values_of + free]),
        np.concatenate([np.minimum(width, high - low), np.zeros(more)]),
        np.concatenate([cost, dear]),
        tuple(_with_own(page, more) for page in marks.pages),
    )
    first = np.concatenate([hidden, np.zeros(more, bool)])
    return protect(found, secrets, first, as_far=bool(marks.known.any()), seed=seed)


def _room(
    found: Relations, values: Values, marks: Marks, limits: DisclosureLimits
) -> tuple[Array, Array]:
    """Between what an attacker knows a sum to be beforehand.

    Of a cell that some left since it was told no more is open than what these can have said; where in
    that the sum lies nobody knows, and it is taken to lie in the middle. A total is as open as its parts.
    """
    mass, count = values.mass, values.count
    sums = mass * values.average
    said = mass / np.maximum(count, 1.0) * (limits.highest - limits.lowest) * np.abs(marks.moved)
    parts = ~np.asarray((found.matrix > 0).sum(axis=0)).ravel()[: len(count)].astype(bool)
    half = np.where(parts & (marks.moved != 0), said / 2, np.inf)
    low = np.where(marks.known, sums, np.maximum(mass * limits.lowest, sums - half))
    high = np.where(marks.known, sums, np.minimum(mass * limits.highest, sums + half))
    return low, high


def _with_own(page: Ids, more: int) -> Ids:
    """Combinations are on no page of the cells'."""
    return np.concatenate([page, page.max(initial=-1) + 1 + np.arange(more)]).astype(np.intp)


def _breadth(found: Relations) -> Array:
    """1 for a cell that is no total, more for each relation it is the total of."""
    totals = (found.matrix > 0).sum(axis=0)
    return 1.0 + 4.0 * np.asarray(totals, float).ravel()
