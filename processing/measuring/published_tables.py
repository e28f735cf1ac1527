"""Published tables as what an attacker sees: cells, and which of them add up to which."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from processing.errors import Problem

Array = NDArray[np.float64]
Ids = NDArray[np.intp]
Parents = Mapping[str, Mapping[Hashable, Hashable | Sequence[Hashable]]]
_SHOWN = 5


@dataclass(frozen=True)
class Relations:
    """`matrix` (relations × cells) has 1 for a total and −1 for each of its parts: matrix·x = 0.

    `blocks` are sets of cells that can be protected apart: those that no relation ties to others, and
    where these are many, the leaves of a part of the largest dimension, with all that they are added
    up to.
    """

    matrix: sparse.csr_matrix
    blocks: tuple[Ids, ...]


def relations(
    cells: pd.DataFrame,
    keys: Sequence[str],
    parents: Parents,
    *,
    block: int = 500,
    ties: sparse.csr_matrix | None = None,
) -> Relations:
    """Find every total whose parts are published too.

    `cells` has a row a cell; `parents` gives for a key's values what they are added up to, one or
    several, as {"place": {"0001-001": ["bo", "plan"], "bo": "study"}, "wave": {1: "all", 2: "all"}}.
    A total in one key is that of the same values in all others. `block` is about how many cells a
    block holds. `ties` are further rows, of which the cells belong together.
    """
    index = pd.MultiIndex.from_frame(cells[[*keys]])
    rows: list[Ids] = []
    columns: list[Ids] = []
    for key in keys:
        part, total = _up(cells, keys, key, _listed(parents.get(key, {})), index)
        rows.append(total * len(keys) + [*keys].index(key))
        columns.append(part)
    code, part = np.concatenate(rows), np.concatenate(columns)
    present, relation = np.unique(code, return_inverse=True)
    totals = present // len(keys)
    count = len(present)
    matrix = sparse.csr_matrix(
        (
            np.concatenate([np.ones(count), -np.ones(len(part))]),
            (np.concatenate([np.arange(count), relation]), np.concatenate([totals, part])),
        ),
        shape=(count, len(cells)),
    )
    apart = _apart(matrix, ties)
    blocks = [
        part
        for whole in _packed(apart, block)
        for part in (
            [whole]
            if len(whole) <= block
            else _blocks(cells.iloc[whole], keys, parents, block, whole)
        )
    ]
    return Relations(matrix, tuple(blocks))


def _apart(matrix: sparse.csr_matrix, further: sparse.csr_matrix | None) -> Ids:
    """A number for each cell: that of all cells that relations and further rows tie to it."""
    ties = abs(matrix if further is None else sparse.vstack([matrix, further], format="csr"))
    between = sparse.bmat([[None, ties.T], [ties, None]])
    _, label = connected_components(between, directed=False)
    return np.asarray(label[: matrix.shape[1]], np.intp)


def _packed(apart: Ids, size: int) -> Iterator[Ids]:
    """Cells that hang together, small sets packed into one."""
    order = np.argsort(apart, kind="stable")
    sets = np.split(order, np.flatnonzero(np.diff(apart[order])) + 1) if len(order) else []
    now: list[Ids] = []
    for one in sets:
        if now and sum(map(len, now)) + len(one) > size:
            yield np.sort(np.concatenate(now))
            now = []
        now.append(one)
    if now:
        yield np.sort(np.concatenate(now))


def unsound(cells: pd.DataFrame, keys: Sequence[str], parents: Parents) -> list[Problem]:
    """What is wrong with the table itself: columns, repeated cells, keys without a column."""
    lacking = [key for key in keys if key not in cells.columns]
    if lacking:
        return [
            Problem(key, "the table has no such column", "Name the columns that make a cell")
            for key in lacking
        ]
    found = [
        Problem(f"parents of {key}", "it is no key", f"Name one of {', '.join(keys)}")
        for key in parents
        if key not in keys
    ]
    twice = cells[cells.duplicated([*keys])]
    if len(twice):
        names = "; ".join(_name(row) for row in twice[[*keys]].to_numpy()[:_SHOWN].tolist())
        found.append(Problem("cells", f"these are there twice: {names}", "Give each cell once"))
    return found


def that_do_not_add_up(
    cells: pd.DataFrame, keys: Sequence[str], matrix: sparse.csr_matrix, values: Array, what: str
) -> Iterator[Problem]:
    """Totals that are not the sum of their parts, by more than a millionth."""
    left = matrix @ values
    size = abs(matrix) @ np.abs(values)
    wrong = np.flatnonzero(np.abs(left) > 1e-6 * (size + 1))
    for relation in wrong[:_SHOWN]:
        start, stop = matrix.indptr[relation], matrix.indptr[relation + 1]
        at = matrix.indices[start:stop][matrix.data[start:stop] > 0][0]
        total, parts = values[at], values[at] - left[relation]
        yield Problem(
            f"cell {_name(cells[[*keys]].iloc[at].tolist())}",
            f"its {what} is {total:,.6g} and that of its parts {parts:,.6g}"
            + (f" ({len(wrong):,} such cells)" if len(wrong) > _SHOWN else ""),
            "Give every part, unrounded, with the weights it was made with",
        )


def _up(
    cells: pd.DataFrame,
    keys: Sequence[str],
    key: str,
    parents: Mapping[Hashable, tuple[Hashable, ...]],
    index: pd.MultiIndex,
) -> tuple[Ids, Ids]:
    """Parts and totals along one key, pair by pair."""
    edges = [(child, parent) for child, above in parents.items() for parent in above]
    if not edges:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    table = pd.DataFrame(
        {
            key: pd.Series([child for child, _ in edges], dtype=cells[key].dtype),
            "above": pd.Series([parent for _, parent in edges], dtype=cells[key].dtype),
        }
    )
    there = cells[[*keys]].assign(part=np.arange(len(cells))).merge(table, on=key)
    above = there.drop(columns=key).rename(columns={"above": key})[[*keys]]
    total = index.get_indexer(pd.MultiIndex.from_frame(above))
    found = total >= 0
    return there["part"].to_numpy(np.intp)[found], np.asarray(total[found], np.intp)


def _listed(
    parents: Mapping[Hashable, Hashable | Sequence[Hashable]],
) -> dict[Hashable, tuple[Hashable, ...]]:
    return {
        child: tuple(above) if isinstance(above, list | tuple | set) else (above,)
        for child, above in parents.items()
    }


def _blocks(
    cells: pd.DataFrame, keys: Sequence[str], parents: Parents, size: int, whole: Ids
) -> Iterator[Ids]:
    key = max(keys, key=lambda name: cells[name].nunique())
    above = _listed(parents.get(key, {}))
    totals = {parent for every in above.values() for parent in every}
    at = {value: whole[np.asarray(rows)] for value, rows in cells.groupby(key).indices.items()}
    leaves = sorted(
        (value for value in at if value not in totals),
        key=lambda leaf: (str(above.get(leaf, ("",))[0]), str(leaf)),
    )
    now: dict[Hashable, None] = {}
    count = 0
    for leaf in leaves:
        for value in _upwards(leaf, above):
            if value in at and value not in now:
                now[value] = None
                count += len(at[value])
        if count >= size:
            yield np.sort(np.concatenate([at[value] for value in now]))
            now, count = {}, 0
    if now:
        yield np.sort(np.concatenate([at[value] for value in now]))


def _upwards(leaf: Hashable, above: Mapping[Hashable, tuple[Hashable, ...]]) -> Iterator[Hashable]:
    yield leaf
    for parent in above.get(leaf, ()):
        yield from _upwards(parent, above)


def _name(values: Sequence[object]) -> str:
    return " × ".join(str(value) for value in values)
