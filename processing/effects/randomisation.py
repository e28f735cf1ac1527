"""Randomisation inference over areas: the effect beside those that other choices would have shown.

With few treated areas no variance can be trusted, but the effect can be held against those that
other choices of areas would have shown (MacKinnon & Webb 2020, DOI 10.1016/j.jeconom.2020.04.024).
Their t statistics are compared: coefficients of areas that differ in size are not alike.
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
_LARGEST_FLOAT = 1_024  # bits


@dataclass(frozen=True)
class Randomisation:
    """How the effect stands among those of other assignments.

    `p_t` holds t statistics against each other, `p_beta` coefficients. Under no effect at all in any
    area both are exact. Where areas differ in size, spread or in what a plan does to them, only t
    rejects about as often as it says (DiCiccio & Romano 2017, DOI 10.1080/01621459.2016.1202117;
    MacKinnon & Webb 2020), since another assignment's coefficient has another variance. `low` and
    `high` bound the constant effects that t does not reject, `within` those at 90 %, for
    equivalence; `beta_low` and `beta_high` the same of coefficients. `assignments` counts the
    different ones there are; `drawn` those that were looked at, the true one among them; `exact`
    says that these are all.
    """

    p_beta: float
    p_t: float
    low: float
    high: float
    within: tuple[float, float]
    beta_low: float
    beta_high: float
    beta_within: tuple[float, float]
    assignments: float
    drawn: int
    exact: bool


@dataclass(frozen=True)
class Shown:
    """What each assignment shows, as polynomials in the constant effect that is tested.

    With e taken from all treated area-waves, an assignment's coefficient is `effects` − e·`own` and
    the square of its standard error `spread_0` − 2e·`spread_1` + e²·`spread_2`.
    """

    effects: Array
    own: Array
    spread_0: Array
    spread_1: Array
    spread_2: Array

    def p_t(self, effect: float, true: int) -> float:
        """P of a constant effect by t statistics."""
        spread = self.spread_0 - effect * (2 * self.spread_1 - effect * self.spread_2)
        squared = (self.effects - effect * self.own) ** 2
        # An assignment without a spread of its own says nothing.
        safe = np.where(spread > 1e-300, spread, np.inf)
        t = squared / safe
        return float((t >= t[true] * (1 - 1e-9)).mean())


ALPHA_WITHIN = 0.10
"""Two one-sided tests at 5 % are whether the 90 % interval lies within the margin."""


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
    chosen, true, possible, exact = assignments(starts, draws, seed)
    return judged(_effects(panel, chosen), true, possible, exact=exact, level=level)


def assignments(
    starts: NDArray[np.int64], draws: int, seed: int
) -> tuple[NDArray[np.int64], int, int, bool]:
    """Assignments of starts, a row each, which is the true one, how many there are, whether these are all.

    Raises StatisticsError where there is no other.
    """
    possible = _assignments(starts)
    if possible < 2:
        raise StatisticsError(
            Problem("treated", "all areas start in the same wave", "There is no other assignment")
        )
    exact = possible <= _ALL_AT_ONCE
    chosen = np.array(list(_every(starts))) if exact else _drawn(starts, draws, seed)
    true = int(np.flatnonzero((chosen == starts).all(axis=1))[0])
    return chosen, true, possible, exact


def judged(shown: Shown, true: int, possible: int, *, exact: bool, level: float) -> Randomisation:
    """Tests and intervals from what all assignments show."""
    effects, own = shown.effects, shown.own
    far = np.abs(effects) >= np.abs(effects[true]) * (1 - 1e-9)
    low, high = _by_t(shown, true, 1 - level)
    beta_low, beta_high = _interval(effects, own, true, 1 - level)
    return Randomisation(
        float(far.mean()),
        shown.p_t(0.0, true),
        low,
        high,
        _by_t(shown, true, ALPHA_WITHIN),
        beta_low,
        beta_high,
        _interval(effects, own, true, ALPHA_WITHIN),
        # Two thousand areas can be chosen in more ways than a float can hold.
        float(possible) if possible.bit_length() < _LARGEST_FLOAT else np.inf,
        len(effects),
        exact,
    )


def _by_t(shown: Shown, true: int, alpha: float) -> tuple[float, float]:
    """Constant effects that t does not reject, searched outwards from the estimate."""
    estimate = float(shown.effects[true])
    step = float(np.sqrt(shown.spread_0[true]))
    if not step > 0:
        return -np.inf, np.inf
    low, high = (_edge_of_t(shown, true, estimate, way * step, alpha) for way in (-1.0, 1.0))
    return low, high


def _edge_of_t(shown: Shown, true: int, estimate: float, step: float, alpha: float) -> float:
    inside, outside = 0.0, 1.0
    while shown.p_t(estimate + outside * step, true) > alpha:
        inside, outside = outside, 2 * outside
        if outside > 1e4:
            return float(np.copysign(np.inf, step))
    while outside - inside > 1e-5 * outside:
        middle = (inside + outside) / 2
        if shown.p_t(estimate + middle * step, true) > alpha:
            inside = middle
        else:
            outside = middle
    return estimate + outside * step


def _effects(panel: Panel, chosen: NDArray[np.int64]) -> Shown:
    """Coefficients and their variances (CR0) by assignment."""
    others = panel.design[:, 1:]
    w = panel.weights
    clusters = np.repeat(np.arange(panel.size), np.diff(panel.bounds))
    root = np.linalg.qr(others * np.sqrt(w)[:, None])[0] if others.shape[1] else None

    def rest(column: Array) -> Array:
        scaled = column * np.sqrt(w)
        return scaled if root is None else scaled - root @ (root.T @ scaled)

    outcome, true = rest(panel.response), rest(panel.design[:, 0])
    parts = []
    step = max(1, _CELLS // panel.rows)
    for start in range(0, len(chosen), step):
        treated = (panel.wave[:, None] >= chosen[start : start + step].T[clusters]).astype(float)
        left = _less_areas(panel, treated) * np.sqrt(w)[:, None]
        if root is not None:
            left -= root @ (root.T @ left)
        below = (left**2).sum(axis=0)
        below = np.where(below > 1e-9, below, np.inf)  # it would change in no area
        beta, own = (left.T @ one / below for one in (outcome, true))
        seen, of_effect = (
            panel.sums(left * (one[:, None] - left * slope))
            for one, slope in ((outcome, beta), (true, own))
        )
        products = ((seen, seen), (seen, of_effect), (of_effect, of_effect))
        parts.append((beta, own, *((a * b).sum(axis=0) / below**2 for a, b in products)))
    return Shown(*(np.concatenate(one) for one in zip(*parts, strict=True)))


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
