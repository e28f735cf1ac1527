"""The wild cluster bootstrap with the null imposed: a test that listens to the clusters themselves.

Cameron, Gelbach & Miller (2008, DOI 10.1162/rest.90.3.414); weights of six points by Webb (2023,
DOI 10.1111/caje.12661). Every quantity is a sum over clusters, and linear or quadratic in the
effect that is tested, so that an interval costs no more than a test (Roodman et al. 2019, DOI
10.1177/1536867X19830877).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from .cluster_variance import Fit
from .randomisation import ALPHA_WITHIN

Array = NDArray[np.float64]
Draws = Literal["webb", "rademacher"]

_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))
_POINTS = {"webb": np.concatenate([-_WEBB[::-1], _WEBB]), "rademacher": np.array([-1.0, 1.0])}
_ALL_AT_ONCE = 12  # so few clusters have fewer sign patterns than anyone would draw
_CHUNK = 1000


@dataclass(frozen=True)
class WildBootstrap:
    """A bootstrap t test of the treatment's coefficient.

    `p` is that of no effect; `low` and `high` bound the effects that are not rejected at 1 − level,
    `within` those at 90 %, infinite where the bootstrap rejects none; all are nan where nothing varies
    beside the treatment. `draws` tells how many there were, and `exact` whether they were all that
    there are.
    """

    p: float
    low: float
    high: float
    within: tuple[float, float]
    draws: int
    weights: Draws
    exact: bool


def wild_bootstrap(
    fit: Fit, *, weights: Draws = "webb", draws: int = 9_999, seed: int = 1, level: float = 0.95
) -> WildBootstrap:
    """Test the treatment's coefficient, and invert the test. p is (1 + hits) / (1 + draws)."""
    sums = _Sums(fit)
    nan = float("nan")
    exact = weights == "rademacher" and fit.panel.size <= _ALL_AT_ONCE
    signs = _all_signs(fit.panel.size) if exact else _drawn(fit.panel.size, weights, draws, seed)
    parts = [sums.of(chunk) for chunk in signs]
    drawn = _Drawn(*(np.concatenate(one) for one in zip(*parts, strict=True)))
    estimate = float(fit.coefficients[0])

    def p(effect: float) -> float:
        t = (estimate - effect) ** 2 * sums.scale**2 / sums.spread
        hits = int((drawn.t_squared(effect) >= t * (1 - 1e-9)).sum())
        return hits / drawn.size if exact else (1 + hits) / (1 + drawn.size)

    if sums.spread <= 0:
        return WildBootstrap(nan, nan, nan, (nan, nan), drawn.size, weights, exact)
    width = np.sqrt(sums.spread) / sums.scale
    (low, high), within = (
        (_edge(p, estimate, -width, alpha), _edge(p, estimate, width, alpha))
        if drawn.far_out(sums.scale**2 / sums.spread) <= alpha
        else (-np.inf, np.inf)
        for alpha in (1 - level, ALPHA_WITHIN)
    )
    return WildBootstrap(p(0.0), low, high, within, drawn.size, weights, exact)


@dataclass(frozen=True)
class _Drawn:
    """What each draw gives, as polynomials in the effect that is tested."""

    top_0: Array
    top_1: Array
    below_0: Array
    below_1: Array
    below_2: Array

    @property
    def size(self) -> int:
        return len(self.top_0)

    def t_squared(self, effect: float) -> Array:
        below = self.below_0 + effect * (self.below_1 + effect * self.below_2)
        above = (self.top_0 + effect * self.top_1) ** 2
        squared: Array = above / np.maximum(below, 1e-300)
        return squared

    def far_out(self, t_squared: float) -> float:
        """The share of draws that hit however far the tested effect lies.

        `t_squared` is that of the data, a unit of effect away. Signs that are all alike give the data
        again, with the same t, which far out rounding hides.
        """
        unbounded = self.below_2 < 1e-10 * self.top_1**2
        hits = unbounded & (self.top_1**2 >= t_squared * self.below_0 * (1 - 1e-6))
        return float(hits.mean())


class _Sums:
    """Sums by cluster of what the bootstrap needs, for the outcome and for the treatment itself."""

    def __init__(self, fit: Fit) -> None:
        panel = fit.panel
        weighted = panel.weights[:, None]
        others = panel.design[:, 1:]
        both = np.column_stack([panel.response, panel.design[:, 0]])
        if others.shape[1]:
            solved = np.linalg.solve(others.T @ (others * weighted), others.T @ (both * weighted))
            both = both - others @ solved
        own = both[:, 1:]
        self.scale = float((own**2 * weighted).sum())
        self.bread = fit.bread
        # s: own'W u by cluster; loads: X'W u by cluster; turn: own'W X by cluster.
        self.s = panel.sums(own * weighted * both)
        self.loads = [panel.sums(panel.design * weighted * both[:, [one]]) for one in (0, 1)]
        self.turn = panel.sums(own * weighted * panel.design)
        self.turned = self.turn.T @ self.turn
        scores = panel.sums((own * weighted)[:, 0] * fit.residuals)
        self.spread = float(scores @ scores)

    def of(self, signs: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Numerator and denominator of t for each row of signs, (B, G)."""
        top = signs @ self.s
        moved = [signs @ loads @ self.bread for loads in self.loads]
        squares = signs**2
        crossed = [[_product(signs, squares, self, a, b, moved) for b in (0, 1)] for a in (0, 1)]
        return (
            top[:, 0],
            -top[:, 1],
            crossed[0][0],
            -(crossed[0][1] + crossed[1][0]),
            crossed[1][1],
        )


def _product(
    signs: Array, squares: Array, sums: _Sums, a: int, b: int, moved: list[Array]
) -> Array:
    """Σ_g z_g(a) z_g(b), where z_g = v_g s_g − turn_g · moved."""
    plain = squares @ (sums.s[:, a] * sums.s[:, b])
    mixed = ((signs @ (sums.s[:, [a]] * sums.turn)) * moved[b]).sum(axis=1)
    other = ((signs @ (sums.s[:, [b]] * sums.turn)) * moved[a]).sum(axis=1)
    both = ((moved[a] @ sums.turned) * moved[b]).sum(axis=1)
    total: Array = plain - mixed - other + both
    return total


def _drawn(clusters: int, weights: Draws, draws: int, seed: int) -> Iterator[Array]:
    random = np.random.default_rng(seed)
    for start in range(0, draws, _CHUNK):
        yield random.choice(_POINTS[weights], (min(_CHUNK, draws - start), clusters))


def _all_signs(clusters: int) -> Iterator[Array]:
    numbers = np.arange(2**clusters)
    for start in range(0, len(numbers), _CHUNK):
        bits = (numbers[start : start + _CHUNK, None] >> np.arange(clusters)) & 1
        yield (2 * bits - 1).astype(np.float64)


def _edge(p: Callable[[float], float], estimate: float, step: float, alpha: float) -> float:
    """The farthest effect on one side that is not rejected; infinite where none is."""
    reach = 2.0
    while p(estimate + reach * step) > alpha:
        reach *= 2
        if reach > 1e4:
            return float(np.copysign(np.inf, step))
    edge: float = brentq(lambda far: p(estimate + far * step) - alpha, 0.0, reach, xtol=1e-6)
    return estimate + edge * step
