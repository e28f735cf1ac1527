"""Which further cells to hide, so that no hidden cell can be worked out from what is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from processing.errors import Problem, StatisticsError

from .published_tables import Array, Ids, Relations

Mask = NDArray[np.bool_]
_ROUNDS = 4
_FEW = 3
_EASE = 1e-7
_SAME_PAGE = (0.1, 0.5)
"""What a cell costs beside hidden ones of its page, times its cost: nearly nothing, and half of it."""


@dataclass(frozen=True)
class Secrets:
    """What is to be kept of each cell.

    `low` and `high` are what an attacker knows beforehand, `width` how wide the interval must be in
    which the cell can lie once the rest is known; `cost` what it costs to hide the cell. `pages` number
    what cells are shown on, the narrower first (a place in a wave, a place): where one cell of a page is
    hidden, the others of it cost less, so that few pages are broken rather than many.
    """

    values: Array
    low: Array
    high: Array
    width: Array
    cost: Array
    pages: tuple[Ids, ...] = ()


@dataclass(frozen=True)
class Protected:
    """`hidden` cells; `reach` is a lower bound of the width of the interval each can lie in."""

    hidden: Mask
    reach: Array


def protect(
    relations: Relations,
    secrets: Secrets,
    primary: Mask,
    *,
    as_far: bool = False,
    seed: int = 1,
) -> Protected:
    """Hide cells until every hidden cell can be anything within an interval of its width.

    Method: another table that an attacker could take for the true one differs from it in hidden
    cells alone and keeps all relations. If such tables differ in a cell by its width, its
    feasibility interval is at least as wide. Within a block, linear programs first look for tables
    that move many hidden cells at once, in directions drawn at random; for each cell left, the
    program of least cost moves it by its width, and the shown cells that must move with it are
    hidden too (Kelly, Golden & Assad 1992, DOI 10.1002/net.3230220407). What is hidden by that is
    itself protected, until nothing is left.

    Cells outside a block are held still, as if an attacker knew them, so that intervals found are
    never too wide, and blocks can be solved apart: the work grows with their number.

    A cell that nothing can move by its width is an error, or with `as_far` is moved as far as can be.
    """
    state = _State(relations.matrix.tocsc(), secrets, primary.copy())
    rng = np.random.default_rng(seed)
    blocks = list(relations.blocks)
    while blocks:
        for block in blocks:
            _settle(state, block, rng)
        left = state.uncertain(np.arange(len(primary)))
        # A sum of many blocks may find too little room in one of them: it is tried in more together.
        if not len(left):
            break
        if len(blocks) == 1:
            if not as_far:
                raise _unprotected(left[0], secrets)
            state.give_way(left, blocks[0])
            continue
        blocks = [np.unique(np.concatenate(blocks[at : at + 2])) for at in range(0, len(blocks), 2)]
    return Protected(state.hidden, np.where(state.hidden, state.most - state.least, 0.0))


def _settle(state: _State, block: Ids, rng: np.random.Generator) -> None:
    """Protect a block's hidden cells, but for those that find no room in it."""
    state.look(block, rng)
    stuck = np.zeros(0, np.intp)
    while len(left := np.setdiff1d(state.uncertain(block), stuck)):
        at = left[np.argmax(state.secrets.width[left])]
        if not state.hide_for(at, block):
            stuck = np.append(stuck, at)
        elif len(left) > _FEW:
            # What was hidden for one cell leaves room for others, which then need nothing more.
            state.look(block, rng, rounds=1)


def _unprotected(at: int, secrets: Secrets) -> StatisticsError:
    return StatisticsError(
        Problem(
            f"cell {at}",
            f"no other table has it {secrets.width[at]:g} away, and so it cannot be protected",
            "Lessen the width, or leave the cell out of what is published",
        )
    )


class _State:
    """What is hidden so far, and how far tables found so far differ from the true one."""

    def __init__(self, matrix: sparse.csc_matrix, secrets: Secrets, hidden: Mask) -> None:
        self.matrix = matrix
        self.secrets = secrets
        self.hidden = hidden
        self.least = np.zeros(len(hidden))
        self.most = np.zeros(len(hidden))
        self.broken = [_marks(page, hidden) for page in secrets.pages]

    def uncertain(self, block: Ids) -> Ids:
        """Hidden cells of the block that are not known to be protected."""
        reach = self.most[block] - self.least[block]
        short = reach < self.secrets.width[block] * (1 - _EASE) - 1e-9
        return np.asarray(block[self.hidden[block] & short], np.intp)

    def look(self, block: Ids, rng: np.random.Generator, rounds: int = _ROUNDS) -> None:
        """Tables that move many hidden cells at once."""
        cells = block[self.hidden[block]]
        matrix = _rows_of(self.matrix[:, cells])
        for _ in range(rounds):
            left = self.uncertain(block)
            if not len(left):
                return
            width = self.secrets.width[cells]
            reach = 4 * np.where(width > 0, width, width.max(initial=0.0)) + 1
            low = np.maximum(self.secrets.low[cells] - self.secrets.values[cells], -reach)
            high = np.minimum(self.secrets.high[cells] - self.secrets.values[cells], reach)
            # A cell need not move further than its width; more would be taken from others.
            wanted = np.isin(cells, left)
            low = np.where(wanted, np.maximum(low, -width), low)
            high = np.where(wanted, np.minimum(high, width), high)
            sign = np.where(rng.random(len(cells)) < 0.5, -1.0, 1.0)
            scale = np.where(width > 0, width, 1.0)
            found = linprog(
                -np.where(wanted, sign / scale, 0.0),
                A_eq=matrix if matrix.shape[0] else None,
                b_eq=np.zeros(matrix.shape[0]) if matrix.shape[0] else None,
                bounds=np.column_stack([np.minimum(low, 0.0), np.maximum(high, 0.0)]),
                method="highs",
            )
            if found.status == 0:
                self.keep(cells, found.x)
            if len(self.uncertain(block)) > 0.8 * len(left):
                return

    def hide_for(self, at: int, block: Ids) -> bool:
        """Move a cell by its width at the least cost, and hide what must move with it, if it can."""
        secrets = self.secrets
        width = secrets.width[at]
        up = secrets.high[at] - secrets.values[at] >= width
        found = self._cheapest(at, block, width if up else -width)
        if found is None and up and secrets.values[at] - secrets.low[at] >= width:
            found = self._cheapest(at, block, -width)
        moves = [found] if found is not None else self._both_ways(at, block)
        for moved in moves:
            self._hide(block, moved, 1e-6 * max(width, 1e-9))
        return bool(moves)

    def give_way(self, cells: Ids, block: Ids) -> None:
        """Ask of cells no more than can be had where everything is hidden that can be."""
        for at in cells:
            room = sum(self._furthest(at, block))
            width = self.secrets.width[at]
            # A second time there is nothing left to be had.
            less = room if _EASE * width < room < width * (1 - 2 * _EASE) else 0.0
            self.secrets.width[at] = less * (1 - _EASE)

    def _both_ways(self, at: int, block: Ids) -> list[Array]:
        """Tables either side of the true one that are a width apart, where neither side has all of it."""
        width = self.secrets.width[at]
        up, down = self._furthest(at, block)
        if up + down < width * (1 - _EASE):
            return []
        up = min(up, width) * (1 - _EASE / 4)
        down = min(down, width - up)
        moves = [self._cheapest(at, block, by) for by in (up, -down) if abs(by) > 0]
        return [moved for moved in moves if moved is not None]

    def _furthest(self, at: int, block: Ids) -> tuple[float, float]:
        """How far up and down a cell can be in any table, up to its width."""
        room = self._room(block)
        target = block == at
        width = self.secrets.width[at]
        low = np.zeros(2 * len(block))
        high = np.concatenate([np.where(target, np.minimum(side, width), side) for side in room])
        found = []
        for sign in (1.0, -1.0):
            wanted = np.concatenate([-sign * target, sign * target])
            moved = self._least(block, wanted, low, high)
            found.append(0.0 if moved is None else max(sign * float(moved[target][0]), 0.0))
        return found[0], found[1]

    def _cheapest(self, at: int, block: Ids, by: float) -> Array | None:
        up, down = self._room(block)
        target = block == at
        up = np.where(target, max(by, 0.0), up)
        down = np.where(target, max(-by, 0.0), down)
        cost = self._cost(block)
        return self._least(
            block,
            np.concatenate([cost, cost]),
            np.concatenate([np.where(target, up, 0.0), np.where(target, down, 0.0)]),
            np.concatenate([up, down]),
        )

    def _room(self, block: Ids) -> tuple[Array, Array]:
        secrets = self.secrets
        up = np.maximum(secrets.high[block] - secrets.values[block], 0.0)
        down = np.maximum(secrets.values[block] - secrets.low[block], 0.0)
        return up, down

    def _cost(self, block: Ids) -> Array:
        cost = self.secrets.cost[block]
        for page, broken, less in zip(self.secrets.pages, self.broken, _SAME_PAGE, strict=False):
            cost = np.where(broken[page[block]], less * cost, cost)
        return np.where(self.hidden[block], 1e-4, cost)

    def _least(self, block: Ids, cost: Array, low: Array, high: Array) -> Array | None:
        """The cheapest move, as ups and downs, that keeps every relation."""
        matrix = _rows_of(self.matrix[:, block])
        found = linprog(
            cost,
            A_eq=sparse.hstack([matrix, -matrix], format="csr"),
            b_eq=np.zeros(matrix.shape[0]),
            bounds=np.column_stack([low, high]),
            method="highs",
        )
        if found.status != 0:
            return None
        moved: Array = found.x[: len(block)] - found.x[len(block) :]
        return moved

    def _hide(self, block: Ids, moved: Array, least: float) -> None:
        far = np.abs(moved) > least
        self.hidden[block[far]] = True
        for page, broken in zip(self.secrets.pages, self.broken, strict=True):
            broken[page[block[far]]] = True
        self.keep(block, np.where(far, moved, 0.0))

    def keep(self, cells: Ids, moved: Array) -> None:
        self.least[cells] = np.minimum(self.least[cells], moved)
        self.most[cells] = np.maximum(self.most[cells], moved)


def _marks(page: Ids, hidden: Mask) -> Mask:
    """Which pages have a hidden cell."""
    found = np.zeros(int(page.max(initial=-1)) + 1, bool)
    found[page[hidden]] = True
    return found


def _rows_of(matrix: sparse.csc_matrix) -> sparse.csr_matrix:
    rows = matrix.tocsr()
    return rows[np.diff(rows.indptr) > 0]
