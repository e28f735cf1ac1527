"""The shortest interval of fixed length for an effect whose trend may bend: an affine estimator's.

Armstrong & Kolesár (2018, DOI 10.3982/ECTA14434), as Rambachan & Roth (2023, DOI
10.1093/restud/rdad018, section 3.2) use it where second differences of the trend are bounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from .event_study import EventStudy

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FixedLength:
    """`low` and `high`, and the `weights` of all estimates, those before the start first."""

    low: float
    high: float
    weights: Array


def fixed_length(study: EventStudy, bend: float, target: Array, level: float) -> FixedLength:
    """The interval that holds whatever trend bends by at most `bend` a wave.

    Definition: estimators are target'β_post + v'β_pre, with v such that a straight trend does not
    move them; their bias is at most b(v) = bend·Σ|c_j(v)| over second differences j. The interval
    has half-length σ(v)·cv(b(v)/σ(v)), cv(t) being the quantile of |N(t, 1)|, and v makes it least:
    a convex problem.
    """
    before = study.before
    loads = _loads(before, study.after)
    scale = float(np.sqrt(target @ study.covariance[before:, before:] @ target))
    ridge = 1e-14 * np.eye(len(study.estimates))
    chol: Array = np.linalg.cholesky(study.covariance / scale**2 + ridge).astype(np.float64)
    m = bend / scale
    # c(v) = fixed + moving·v; its last entry is that of a straight trend, which must vanish.
    fixed, moving = loads[:, before:] @ target, loads[:, :before]
    straight, bent = moving[-1], moving[:-1]
    start = _least_variance(chol, target, straight, fixed[-1])
    if m > 0:
        start = _least_length(
            chol, target, (straight, fixed[-1]), (bent, fixed[:-1]), m, level, start
        )
    weights = np.concatenate([start, target])
    bias = m * float(np.abs(fixed[:-1] + bent @ start).sum())
    half = scale * _length(bias, float(np.linalg.norm(chol.T @ weights)), level)[0]
    centre = float(weights @ study.estimates)
    return FixedLength(centre - half, centre + half, weights)


def _loads(before: int, after: int) -> Array:
    """What each second difference, and last the slope, adds to every estimate's trend.

    Second differences stand in the order of the waves they bend at, the base wave among them.
    """
    waves = np.r_[-np.arange(before, 0, -1), np.arange(1, after + 1)].astype(float)
    rows = [np.where(waves >= 0, np.maximum(waves - at, 0.0), 0.0) for at in range(after)]
    rows += [np.where(waves < 0, np.maximum(-waves - at, 0.0), 0.0) for at in range(1, before)]
    return np.array([*rows, waves])


def _least_variance(chol: Array, target: Array, straight: Array, fixed: float) -> Array:
    """The v of least variance among those that a straight trend does not move."""
    before = len(straight)
    covariance = chol @ chol.T
    own, crossed = covariance[:before, :before], covariance[:before, before:] @ target
    system = np.block([[own, straight[:, None]], [straight[None, :], np.zeros((1, 1))]])
    solved: Array = np.linalg.solve(system, np.r_[-crossed, -fixed])[:before]
    return solved


def _least_length(
    chol: Array,
    target: Array,
    straight: tuple[Array, float],
    bent: tuple[Array, Array],
    m: float,
    level: float,
    start: Array,
) -> Array:
    """The v of least length, by sequential quadratic programs over v and u ≥ |c(v)|."""
    before = len(start)
    moving, fixed = bent

    def objective(x: Array) -> tuple[float, Array]:
        v, u = x[:before], x[before:]
        loads = chol.T @ np.concatenate([v, target])
        spread = float(np.linalg.norm(loads))
        length, by_bias, by_spread = _length(m * float(u.sum()), spread, level)
        slope = by_spread * (chol @ loads)[:before] / spread
        return length, np.concatenate([slope, np.full(len(u), by_bias * m)])

    bounds = [
        {"type": "eq", "fun": lambda x: straight[0] @ x[:before] + straight[1]},
        {"type": "ineq", "fun": lambda x: x[before:] - fixed - moving @ x[:before]},
        {"type": "ineq", "fun": lambda x: x[before:] + fixed + moving @ x[:before]},
    ]
    tried = [
        optimize.minimize(
            objective, np.r_[v, np.abs(fixed + moving @ v)], jac=True, method="SLSQP",
            constraints=bounds, options={"maxiter": 500, "ftol": 1e-13},
        )
        for v in (start, _no_bend(start, straight))
    ]  # fmt: skip
    solution: Array = min(tried, key=lambda found: found.fun).x[:before]
    return solution


def _no_bend(start: Array, straight: tuple[Array, float]) -> Array:
    """The straight line through the last two waves before the start alone."""
    v = np.zeros_like(start)
    v[-1] = -straight[1] / straight[0][-1]
    return v


def _length(bias: float, spread: float, level: float) -> tuple[float, float, float]:
    """Half the length, and its slopes in the bias and in the spread."""
    t = bias / spread
    cut = folded_quantile(t, level)
    slope = float(np.tanh(cut * t))
    return spread * cut, slope, cut - t * slope


def folded_quantile(t: float, level: float) -> float:
    """The quantile of |N(t, 1)|.

    >>> round(folded_quantile(0.0, 0.95), 4), round(folded_quantile(3.0, 0.95), 4)
    (1.96, 4.6449)
    """
    t = abs(t)
    high = t + float(stats.norm.ppf((1 + level) / 2)) + 1e-6
    low = t + float(stats.norm.ppf(level)) - 1e-6
    if t == 0:
        return high - 1e-6
    cut: float = optimize.brentq(
        lambda c: stats.norm.cdf(c - t) - stats.norm.cdf(-c - t) - level, low, high, xtol=1e-13
    )
    return cut
