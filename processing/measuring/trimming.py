"""Weights within limits: calibrated again where they lie too far from their group's mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .calibration import TOLERANCE, Array, Constraints, Ids, Method, added, calibrate_within

WIDER = 1.1  # by how much limits are widened at a time, where margins cannot be met within them
_SLACK = 1e-9


@dataclass(frozen=True)
class Limited:
    """`weight` a cell; `low` and `high` a group: what its weights were kept within, in means."""

    weight: Array
    low: Array
    high: Array


def limited(
    weight: Array,
    mass: Array,
    rows: Array,
    constraints: Constraints,
    method: Method,
    bounds: tuple[float, float],
    trim: tuple[float, float],
) -> Limited:
    """Calibrate anew, with limits on the weights, the groups that have weights beyond them.

    Definition: of all weights that meet a group's margins and lie between `trim` times its mean,
    those with the least distance from base weights, which are the base weight times F(x'λ), cut off
    at the limits (Deville & Särndal 1992, DOI 10.1080/01621459.1992.10475217). There is one such set
    or none; where none, both limits are widened by a tenth, and again, until there is.

    Parameters: `weight` is what calibration without limits gave, a row's in each cell; `mass` and
    `rows` are the cells' base weights together and their rows. Limits stand over `bounds`.
    """
    groups, group = constraints.groups, constraints.group
    mean = constraints.totals() / added(group, rows, groups)
    low, high = np.full(groups, trim[0]), np.full(groups, trim[1])
    now = weight.copy()
    left = _reaching(weight / mean[group], group, low, high)
    while left.any():
        cells = left[group]
        some, _ = constraints.of(cells)
        unit = mean[group[cells]] * rows[cells] / mass[cells]
        factors = calibrate_within(
            mass[cells], some, method, bounds, low[group[cells]] * unit, high[group[cells]] * unit
        )
        met = some.gaps(mass[cells] * factors) <= TOLERANCE
        now[cells] = np.where(met[some.group], mass[cells] * factors / rows[cells], now[cells])
        left[left] = ~met
        low[left] /= WIDER
        high[left] *= WIDER
        # Limits so wide that nothing lies beyond them: what has no limits is the answer then.
        left &= _reaching(weight / mean[group], group, low, high)
    return Limited(now, low, high)


def _reaching(share: Array, group: Ids, low: Array, high: Array) -> NDArray[np.bool_]:
    """Groups that have a weight beyond their limits."""
    outside = beyond(share, low[group], high[group])
    reaching: NDArray[np.bool_] = added(group, outside.astype(float), len(low)) > 0
    return reaching


def beyond(share: Array, low: Array | float, high: Array | float) -> NDArray[np.bool_]:
    """Weights, in means of their group, that lie beyond the limits."""
    outside: NDArray[np.bool_] = (share < low * (1 - _SLACK)) | (share > high * (1 + _SLACK))
    return outside
