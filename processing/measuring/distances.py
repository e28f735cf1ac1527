"""How far calibration may take weights from base weights: x'λ to the factor g, by distance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Distance = Callable[[Array], tuple[Array, Array]]
"""x'λ to g and its derivative."""

_LARGEST = 700.0  # of an exponent whose power a number can hold
_AT_A_LIMIT = 1e-4


def distance_of(method: str, bounds: tuple[float, float]) -> Distance:
    """The distance of a method, not cut off; the logit alone stays between bounds by itself."""
    if method == "logit":
        return _logit(bounds)
    return _raking if method == "raking" else _linear


def cut_off(distance: Distance, low: Array, high: Array) -> Distance:
    """As `distance`, each factor kept from `low` to `high`.

    A factor at a limit moves no more, but a little of a derivative is left it: else nothing told
    where to go of categories that are at a limit as a whole.
    """

    def factor(u: Array) -> tuple[Array, Array]:
        raw, derivative = distance(u)
        inside = (raw > low) & (raw < high)
        return np.clip(raw, low, high), np.where(inside, derivative, _AT_A_LIMIT)

    return factor


def _raking(u: Array) -> tuple[Array, Array]:
    g = np.exp(np.clip(u, -_LARGEST, _LARGEST))
    return g, g


def _linear(u: Array) -> tuple[Array, Array]:
    return 1 + u, np.ones(len(u))


def _logit(bounds: tuple[float, float]) -> Distance:
    low, high = bounds
    steep = (high - low) / ((1 - low) * (high - 1))

    def factor(u: Array) -> tuple[Array, Array]:
        odds = np.exp(np.clip(steep * u, -_LARGEST, _LARGEST))
        # Divided by the odds where they are large, for else both parts overflow.
        big = odds > 1
        small = np.where(big, 1 / odds, odds)
        above = np.where(big, low * (high - 1) * small + high * (1 - low), 0.0)
        above = np.where(big, above, low * (high - 1) + high * (1 - low) * small)
        below = np.where(big, (high - 1) * small + (1 - low), (high - 1) + (1 - low) * small)
        g = above / below
        return g, steep * (g - low) * (high - g) / (high - low)

    return factor
