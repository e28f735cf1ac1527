"""Randomisation inference over areas: the effect beside those that other choices would have shown.

With few treated areas no variance can be trusted, but the effect can be held against those that
other choices of areas would have shown (MacKinnon & Webb 2020, DOI 10.1016/j.jeconom.2020.04.024).
It rests on areas being exchangeable: on the choice having been as good as drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from processing.errors import Problem, StatisticsError

from .panel import Panel

Array = NDArray[np.float64]
_ALL_AT_ONCE = 20_000
_CELLS = 4_000_000  # how many numbers are held at a time


@dataclass(frozen=True)
class Randomisation:
    """How the effect stands among those of other assignments.

    `p_beta` holds coefficients against each other, `p_t` their t statistics with CR1, which is the
    better one where clusters differ in size. `low` and `high` bound the constant effects that
    coefficients do not reject. `assignments` counts the different ones there are; `drawn` those
    that were looked at, the true one among them; `exact` says that these are all.
    """

    p_beta: float
    p_t: float
    low: float
    high: float
    assignments: float
    drawn: int
    exact: bool


def randomisation(
    panel: Panel,
    starts: NDArray[np.int64],
    *,
    draws: int = 4_999,
    seed: int = 1,
    level: float = 0.95,
) -> Randomisation:
    """Give each cluster another's start of treatment, and see what effects that shows.

    `starts` (G,) is the wave in which each cluster is treated first, above all waves for never.
    Raises StatisticsError where all clusters start alike.
    """
    possible = _assignments(starts)
    if possible < 2:
        raise StatisticsError(
            Problem("treated", "all areas start in the same wave", "There is no other assignment")
        )
    exact = possible <= _ALL_AT_ONCE
    chosen = np.array(list(_every(starts))) if exact else _drawn(starts, draws, seed)
    true = np.flatnonzero((chosen == starts).all(axis=1))[0]
    effects, own, t = _effects(panel, chosen)
    far = np.abs(effects) >= np.abs(effects[true]) * (1 - 1e-9)
    far_t = np.abs(t) >= np.abs(t[true]) * (1 - 1e-9)
    low, high = _interval(effects, own, int(true), 1 - level)
    return Randomisation(
        float(far.mean()), float(far_t.mean()), low, high, float(possible), len(chosen), exact
    )


def _effects(panel: Panel, chosen: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Coefficients, what each would show of a true effect of one, and t statistics."""
    others = panel.design[:, 1:]
    w = panel.weights
    clusters = np.repeat(np.arange(panel.size), np.diff(panel.bounds))
    root = np.linalg.qr(others * np.sqrt(w)[:, None])[0] if others.shape[1] else None
    true = panel.raw[:, 0]
    answers = []
    step = max(1, _CELLS // panel.rows)
    for start in range(0, len(chosen), step):
        treated = (panel.wave[:, None] >= chosen[start : start + step].T[clusters]).astype(float)
        left = _less_areas(panel, treated) * np.sqrt(w)[:, None]
        if root is not None:
            left -= root @ (root.T @ left)
        below = (left**2).sum(axis=0)
        below = np.where(below > 1e-9, below, np.inf)  # it would change in no area
        y = panel.response * np.sqrt(w)
        beta = left.T @ y / below
        own = left.T @ (true * np.sqrt(w)) / below
        rest = y if root is None else y - root @ (root.T @ y)
        scores = panel.sums(left * (rest[:, None] - left * beta))
        spread = np.sqrt((scores**2).sum(axis=0)) / below
        answers.append((beta, own, beta / np.where(spread > 0, spread, np.inf)))
    beta, own, t = (np.concatenate(one) for one in zip(*answers, strict=True))
    return beta, own, t


def _less_areas(panel: Panel, columns: Array) -> Array:
    totals = np.bincount(panel.area, panel.weights)
    order = np.argsort(panel.area, kind="stable")
    first = np.searchsorted(panel.area[order], np.arange(panel.areas))
    sums = np.add.reduceat((columns * panel.weights[:, None])[order], first, axis=0)
    left: Array = columns - (sums / totals[:, None])[panel.area]
    return left


def _interval(effects: Array, own: Array, true: int, alpha: float) -> tuple[float, float]:
    """Constant effects that are not rejected: |β − e| would not be far out among |βₚ − e·ownₚ|.

    Each assignment is far out in one stretch of e, whose ends solve a linear equation; counting
    stretches along the line finds where the share falls to alpha.
    """
    estimate = float(effects[true])

    def p(effect: float) -> float:
        far = np.abs(effects - effect * own) >= np.abs(estimate - effect) * (1 - 1e-9)
        return float(far.mean())

    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.concatenate([(effects - estimate) / (own - 1), (effects + estimate) / (own + 1)])
    ends = np.unique(ends[np.isfinite(ends)])
    below, above = ends[ends < estimate][::-1], ends[ends > estimate]
    return _farthest(p, below, alpha, -np.inf), _farthest(p, above, alpha, np.inf)


def _farthest(p: Callable[[float], float], ends: Array, alpha: float, endless: float) -> float:
    """The last end, going outwards, before effects are rejected; between two ends p is constant."""
    if not len(ends):
        return endless
    beyond = np.append((ends[1:] + ends[:-1]) / 2, 2 * ends[-1] - ends[0] + np.sign(endless))
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if p(float(beyond[middle])) <= alpha:
            high = middle
        else:
            low = middle + 1
    return float(ends[low]) if low < len(ends) else endless


def _assignments(starts: NDArray[np.int64]) -> int:
    counts: list[int] = np.unique(starts, return_counts=True)[1].tolist()
    return factorial(len(starts)) // prod(factorial(count) for count in counts)


def _every(starts: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """All different orders of the starts."""
    values, counts = np.unique(starts, return_counts=True)
    left = list(counts)
    order = np.empty(len(starts), np.int64)

    def place(at: int) -> Iterator[NDArray[np.int64]]:
        if at == len(order):
            yield order.copy()
            return
        for index, value in enumerate(values):
            if left[index]:
                left[index] -= 1
                order[at] = value
                yield from place(at + 1)
                left[index] += 1

    return islice(place(0), _ALL_AT_ONCE)


def _drawn(starts: NDArray[np.int64], draws: int, seed: int) -> NDArray[np.int64]:
    """The true assignment, then others by chance: so a p can never be nought."""
    random = np.random.default_rng(seed)
    others = random.permuted(np.tile(starts, (draws, 1)), axis=1)
    return np.vstack([starts[None, :], others])
