"""Cells as they were when they were told: of more people, from whom some took their answers back since."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from .published_tables import Array, Ids, Relations

State = tuple[Hashable, float]
"""A cell by its index, and how many had answered in it then."""


@dataclass(frozen=True)
class ToldThen:
    """What is known of cells as they were.

    `totals` are sets of cells then, of which the sum is known; `combinations` other sums, with the
    coefficients of sums of weight × mean; `shown` gives of a cell every n that it was shown with.
    """

    totals: Sequence[Collection[State]] = ()
    combinations: Sequence[Mapping[State, float]] = ()
    shown: Mapping[Hashable, Collection[float]] = field(default_factory=dict)

    def beside(self, other: ToldThen) -> ToldThen:
        """What is known by both."""
        return ToldThen(
            [*self.totals, *other.totals],
            [*self.combinations, *other.combinations],
            {**self.shown, **other.shown},
        )


@dataclass(frozen=True)
class EarlierCells:
    """Rows that hold among cells as they are and further ones: as they were, and who left between.

    `rows` (rows × cells and further ones) are 0 for any table that can be true. Of the further ones `of`
    is the cell, `n` how many answered in it then (NaN where it is those who left) and `left` how many
    left (0 where it is a cell). `near` is of each cell how many left since it was shown last, infinite
    where it never was: no more is open of it than what these can have said.
    """

    rows: sparse.csr_matrix
    of: Ids
    n: Array
    left: Array
    near: Array

    @property
    def more(self) -> int:
        return len(self.of)

    @property
    def ties(self) -> sparse.csr_matrix:
        """Which cells the rows tie together."""
        size = self.rows.shape[1] - self.more
        to = sparse.csr_matrix(
            (np.ones(self.more), (np.arange(self.more), self.of)), (self.more, size)
        )
        return (abs(self.rows[:, :size]) + abs(self.rows[:, size:]) @ to).tocsr()


def earlier_cells(
    then: ToldThen, order: pd.Index, count: Array, parts: Ids, *, combinations: bool
) -> EarlierCells:
    """Cells that were are each a cell of their own, tied to what they are by who left between.

    `count` is of each cell of `order` how many answered, `parts` those that are no total: a total is as
    open as its parts. A cell that was shown when so many had answered is known as it was then.
    """
    made = _Rows(then, order, count)
    for total in then.totals:
        made.add(dict.fromkeys(total, 1.0))
    for one in then.combinations if combinations else ():
        largest = max(map(abs, one.values()), default=1.0)
        made.add({state: by / largest for state, by in one.items()})
    near = np.full(len(order), np.inf)
    for at in parts:
        made.chain(int(at))
        told = made.shown.get(int(at), ())
        near[at] = min((abs(n - count[at]) for n in told), default=np.inf)
    return made.all(near)


class _Rows:
    """Rows that are found one after the other, by the place of cells in the order."""

    def __init__(self, then: ToldThen, order: pd.Index, count: Array) -> None:
        self.count = count
        self.at = {cell: at for at, cell in enumerate(order)}
        self.shown = {self.at[one]: set(n) for one, n in then.shown.items() if one in self.at}
        self.were: dict[int, dict[float, int]] = {}
        self.of: list[int] = []
        self.n: list[float] = []
        self.left: list[float] = []
        self.rows: list[dict[int, float]] = []

    def add(self, sum_of: Mapping[State, float]) -> None:
        """A sum that is known, less what is known of it."""
        row: dict[int, float] = {}
        for (cell, n), by in sum_of.items():
            column = self._column(self.at[cell], n)
            if column is not None:
                row[column] = row.get(column, 0.0) + by
        if row:
            self.rows.append(row)

    def chain(self, at: int) -> None:
        """From one n of a cell to the next lower one it changes by what those said who left."""
        levels = {*self.were.get(at, ()), *self.shown.get(at, ()), float(self.count[at])}
        falling = sorted(levels, reverse=True)
        for high, low in pairwise(falling):
            ends = [(1.0, self._column(at, high)), (-1.0, self._column(at, low))]
            row = {column: by for by, column in ends if column is not None}
            if row:
                self.rows.append({**row, self._further(at, np.nan, high - low): -1.0})

    def all(self, near: Array) -> EarlierCells:
        size = len(self.count) + len(self.of)
        rows = sparse.lil_matrix((len(self.rows), size))
        for at, row in enumerate(self.rows):
            for column, by in row.items():
                rows[at, column] = by
        return EarlierCells(
            rows.tocsr(), np.array(self.of, np.intp), np.array(self.n, float),
            np.array(self.left, float), near,
        )  # fmt: skip

    def _column(self, at: int, n: float) -> int | None:
        """The column of a cell when so many had answered; None where it was shown then."""
        if n in self.shown.get(at, ()):
            return None
        if n == self.count[at]:
            return at
        were = self.were.setdefault(at, {})
        if n not in were:
            were[n] = self._further(at, n, 0.0)
        return were[n]

    def _further(self, at: int, n: float, left: float) -> int:
        self.of.append(at)
        self.n.append(n)
        self.left.append(left)
        return len(self.count) + len(self.of) - 1


def joined(found: Relations, combined: sparse.csr_matrix, earlier: EarlierCells) -> Relations:
    """Relations of the cells, then a cell for each combination, then those of before and who left."""
    size, more, further = found.matrix.shape[1], combined.shape[0], earlier.more
    rows = [
        _wide(found.matrix, 0, more + further),
        sparse.hstack([_wide(combined, 0, 0), -sparse.identity(more), _none(more, further)]),
        sparse.hstack(
            [earlier.rows[:, :size], _none(earlier.rows.shape[0], more), earlier.rows[:, size:]]
        ),
    ]
    blocks = [
        np.concatenate([block, *_further_in(block, size, combined, earlier)]).astype(np.intp)
        for block in found.blocks
    ]
    return Relations(sparse.vstack(rows, format="csr"), tuple(blocks))


def _further_in(
    block: Ids, size: int, combined: sparse.csr_matrix, earlier: EarlierCells
) -> Iterator[Ids]:
    """What belongs to any cell of a block."""
    yield size + np.unique(combined[:, block].nonzero()[0])
    yield size + combined.shape[0] + np.flatnonzero(np.isin(earlier.of, block))


def _wide(matrix: sparse.csr_matrix, before: int, after: int) -> sparse.csr_matrix:
    rows = matrix.shape[0]
    return sparse.hstack([_none(rows, before), matrix, _none(rows, after)], format="csr")


def _none(rows: int, columns: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((rows, columns))
