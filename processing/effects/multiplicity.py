"""Many tests at once: one primary measure a questionnaire by Holm, the rest by false discovery rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def holm(p: Sequence[float], of: int | None = None) -> Array:
    """Adjust p values so that one false finding in all is as rare as each test says (Holm 1979).

    (k,) → (k,), in the order given. Equal to R's `p.adjust(p, "holm")`.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])

    `of` is how many tests were to be made, where some have no p: these count as the least sure.
    """
    values = _checked(p)
    order = np.argsort(values, kind="stable")
    many = max(len(values), of or 0)
    steps = values[order] * np.arange(many, many - len(values), -1)
    return _back(np.minimum(np.maximum.accumulate(steps), 1.0), order)


def false_discovery_rate(p: Sequence[float]) -> Array:
    """Adjust p values so that the share of false findings is held (Benjamini & Hochberg 1995).

    (k,) → (k,), in the order given. Equal to R's `p.adjust(p, "BH")`.

    >>> false_discovery_rate([0.01, 0.04, 0.03])
    array([0.03, 0.04, 0.04])
    """
    values = _checked(p)
    order = np.argsort(values, kind="stable")[::-1]
    steps = values[order] * len(values) / np.arange(len(values), 0, -1)
    return _back(np.minimum(np.minimum.accumulate(steps), 1.0), order)


def _back(adjusted: Array, order: NDArray[np.intp]) -> Array:
    placed = np.empty_like(adjusted)
    placed[order] = adjusted
    return placed


def _checked(p: Sequence[float]) -> Array:
    values = np.asarray(p, float)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("A p value lies from 0 to 1.")
    return values
