"""Weights too far from the mean, cut off, and what was cut off shared by the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_ROUNDS = 1_000


def trimmed(
    weight: Array, rows: Array, group: NDArray[np.intp], low: Array, high: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Weights within `low` and `high` (a limit a group), each group's sum kept; and who was cut.

    `rows` tells how many rows bear a weight. What is cut off is added in equal parts to the rows of
    the group that were not, until none is outside, as `trimWeights(strict = TRUE)` of R's survey
    does. A group whose mean is outside its limits cannot be trimmed and is left as it is.
    """
    floor, ceiling, groups = low[group], high[group], len(low)
    now = weight.copy()
    cut = np.zeros(len(weight), bool)
    for _ in range(_ROUNDS):
        outside = (now < floor * (1 - 1e-12)) | (now > ceiling * (1 + 1e-12))
        free = np.bincount(group, rows * ~outside, groups)
        outside &= free[group] > 0
        if not outside.any():
            break
        cut |= outside
        kept = np.where(outside, np.clip(now, floor, ceiling), now)
        over = np.bincount(group, rows * (now - kept), groups)
        share = np.divide(over, free, out=np.zeros(groups), where=free > 0)
        now = np.where(outside, kept, kept + share[group])
    return now, cut
