"""An attacker with the published tables and linear programs: how much can be worked out."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from .published_tables import Array, Ids
from .suppression import Mask


def attack(
    matrix: sparse.csr_matrix, shown: Array, low: Array, high: Array, cells: Ids | None = None
) -> tuple[Ids, Array, Array]:
    """The interval in which each hidden cell must lie.

    Definition: the least and the greatest value of the cell over all tables with matrix·x = 0 that
    have what is `shown` (NaN where hidden) and lie within `low` and `high`; two linear programs a
    cell, over the whole table. `cells` attacks these alone. Returns the cells, least and greatest.
    """
    hidden: Mask = np.isnan(shown)
    unknown = np.flatnonzero(hidden)
    targets = unknown if cells is None else cells
    rows = matrix.tocsc()
    known = np.where(hidden, 0.0, shown)
    right = -(matrix @ known)
    left = rows[:, unknown].tocsr()
    used = np.diff(left.indptr) > 0
    left, right = left[used], right[used]
    least, greatest = np.empty(len(targets)), np.empty(len(targets))
    bounds = np.column_stack([low[unknown], high[unknown]])
    for at, cell in enumerate(targets):
        goal = (unknown == cell).astype(float)
        for sign, into in ((1.0, least), (-1.0, greatest)):
            found = linprog(
                sign * goal,
                A_eq=left if left.shape[0] else None,
                b_eq=right if left.shape[0] else None,
                bounds=bounds,
                method="highs",
            )
            into[at] = sign * found.fun if found.status == 0 else sign * -np.inf
    return targets, least, greatest
