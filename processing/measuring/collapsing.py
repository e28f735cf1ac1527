"""Categories with too few answers, joined to a neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .register_margins import UNKNOWN


@dataclass(frozen=True)
class Collapse:
    """Categories of a margin that were counted as one in a group, since few answered in some."""

    group: str
    variable: str
    categories: tuple[str, ...]
    rows: int  # who answered in the joined category

    def __str__(self) -> str:
        joined = " + ".join(self.categories)
        return f"{self.group}: {self.variable} {joined} counted as one ({self.rows} answers)"


def joined(rows: Sequence[int], thin: int, *, ordered: bool) -> list[int]:
    """Which categories belong together: a number for each, the first of its company.

    Until every company has `thin` answers, the thinnest joins the thinner of its neighbours in
    order, or, where categories have no order, the next thinnest.

    >>> joined([3, 20, 4, 1], 5, ordered=True)
    [0, 0, 2, 2]
    >>> joined([3, 20, 4, 1], 5, ordered=False)
    [0, 1, 0, 0]
    """
    companies = [([at], count) for at, count in enumerate(rows)]
    while len(companies) > 1:
        at = min(range(len(companies)), key=lambda k: companies[k][1])
        if companies[at][1] >= thin:
            break
        others = [at - 1, at + 1] if ordered else [k for k in range(len(companies)) if k != at]
        others = [k for k in others if 0 <= k < len(companies)]
        to = min(others, key=lambda k: companies[k][1])
        first, last = min(at, to), max(at, to)
        members, count = companies.pop(last)
        companies[first] = (sorted(companies[first][0] + members), companies[first][1] + count)
    name = {member: min(members) for members, _ in companies for member in members}
    return [name[at] for at in range(len(rows))]


def collapse(
    table: pd.DataFrame, variable: str, thin: int, ordered: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], list[Collapse]]:
    """Which rows of a margin's table belong together, and what was joined.

    `table` is sorted by `g` and category and has `label` (the group's name), `category`, `rows` and
    `count`; `ordered` says of each group whether the categories have an order. Rows that gave no answer stay apart. The result numbers companies by their first row.
    """
    company = np.arange(len(table))
    told: list[Collapse] = []
    named = (table["category"] != UNKNOWN).to_numpy()
    few = named & (table["rows"] < thin).to_numpy()
    group = table["g"].to_numpy()
    starts = np.searchsorted(group, np.unique(group[few]), side="left")
    stops = np.searchsorted(group, np.unique(group[few]), side="right")
    names, rows = table["category"].to_numpy(), table["rows"].to_numpy()
    labels = table["label"].to_numpy()
    for start, stop in zip(starts, stops, strict=True):
        at = np.arange(start, stop)[named[start:stop]]
        together = joined(rows[at].tolist(), thin, ordered=bool(ordered[group[start]]))
        company[at] = at[together]
        for first in dict.fromkeys(together):
            members = [at[k] for k, head in enumerate(together) if head == first]
            if len(members) > 1:
                categories = tuple(str(names[k]) for k in members)
                told.append(
                    Collapse(
                        str(labels[start]), variable, categories, int(sum(rows[k] for k in members))
                    )
                )
    return company, told
