"""Tests of many inequalities with nuisance parameters: conditional, and with a least favourable first stage.

Andrews, Roth & Pakes (2023, DOI 10.1093/restud/rdac079). The statistic is the value of a linear
program, and its dual has few vertices here: they are found once, and all that the test needs are
products with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from processing.errors import Problem, StatisticsError

Array = NDArray[np.float64]
_DRAWS = 5_000
_MOST_BASES = 400_000
_NONE = 1e-12


@dataclass(frozen=True)
class MomentTest:
    """Whether E[Y] − Xτ ≤ 0 for some τ, Y normal with `covariance`.

    `vertices` (V, k) are those of {γ ≥ 0: γ'X = 0, γ'σ = 1} with σ the SDs of Y. `first_stage` is
    the critical value of the least favourable test of size `share` of alpha; infinite without one.
    """

    vertices: Array
    covariance: Array
    alpha: float
    share: float
    first_stage: float

    @classmethod
    def of(
        cls, covariance: Array, nuisance: Array, *, alpha: float, hybrid: bool, seed: int
    ) -> MomentTest:
        """Find the vertices, and the first stage's critical value by drawing from the seed."""
        vertices = _vertices(nuisance, np.sqrt(np.diag(covariance)))
        if not hybrid:
            return cls(vertices, covariance, alpha, 0.0, np.inf)
        draws = np.random.default_rng(seed).normal(size=(_DRAWS, len(covariance)))
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        highest = (draws @ root.T @ vertices.T).max(axis=1)
        share = alpha / 10
        return cls(vertices, covariance, alpha, share, float(np.quantile(highest, 1 - share)))

    def accepts(self, y: Array) -> NDArray[np.bool_]:
        """(n, k) outcomes: which of them do not reject."""
        values = y @ self.vertices.T
        best = values.argmax(axis=1)
        return np.array([self._accepts(y[i], int(best[i])) for i in range(len(y))], bool)

    def _accepts(self, y: Array, at: int) -> bool:
        gamma = self.vertices[at]
        eta = float(gamma @ y)
        if eta <= 0:
            return True
        if eta > self.first_stage:
            return False
        spread = float(gamma @ self.covariance @ gamma)
        if spread <= _NONE:
            return False
        along = self.covariance @ gamma / spread
        rest = self.vertices @ (y - along * eta)
        turn = 1 - self.vertices @ along
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = rest / turn
        low = ends[turn > 1e-10].max(initial=-np.inf)
        high = min(ends[turn < -1e-10].min(initial=np.inf), self.first_stage)
        size = (self.alpha - self.share) / (1 - self.share)
        return eta <= max(0.0, _truncated_quantile(1 - size, float(np.sqrt(spread)), low, high))


def _truncated_quantile(q: float, sd: float, low: float, high: float) -> float:
    """Of N(0, sd²) between low and high; from the upper tail where both are far up."""
    a, b = low / sd, high / sd
    if a > 0:
        upper = ndtr(-a) - q * (ndtr(-a) - ndtr(-b))
        return float(min(max(-ndtri(upper) * sd, low), high))
    lower = ndtr(a) + q * (ndtr(b) - ndtr(a))
    return float(min(max(ndtri(lower) * sd, low), high))


def _vertices(nuisance: Array, sd: Array) -> Array:
    """All vertices, by solving every basis at once."""
    rows = np.column_stack([nuisance, sd]).T
    keep = _independent(rows)
    rows = rows[keep]
    size, moments = rows.shape
    if comb(moments, size) > _MOST_BASES:
        raise StatisticsError(
            Problem(
                "waves",
                f"{moments} inequalities with {size - 1} effects beside make too many cases",
                "Leave out waves long before the start or after the one that is asked about",
            )
        )
    bases = np.array(list(combinations(range(moments), size)))
    right = np.zeros(size)
    right[-1] = 1.0
    found: list[Array] = []
    for start in range(0, len(bases), 20_000):
        some = bases[start : start + 20_000]
        matrices = rows[:, some].transpose(1, 0, 2)
        sound = np.abs(np.linalg.det(matrices)) > 1e-13 * np.abs(matrices).max(axis=(1, 2)) ** size
        solved = np.linalg.solve(matrices[sound], np.tile(right[:, None], (int(sound.sum()), 1, 1)))
        inside = (solved[..., 0] >= -1e-9).all(axis=1)
        vertex = np.zeros((int(inside.sum()), moments))
        np.put_along_axis(
            vertex, some[sound][inside], np.maximum(solved[inside, :, 0], 0.0), axis=1
        )
        found.append(vertex)
    return np.unique(np.round(np.concatenate(found), 12), axis=0)


def _independent(rows: Array) -> list[int]:
    """Rows that others do not say; the last, of the SDs, always is one of them."""
    kept: list[int] = [len(rows) - 1]
    for at in range(len(rows) - 1):
        tried = rows[[*kept, at]]
        if np.linalg.matrix_rank(tried) == len(tried):
            kept.append(at)
    return sorted(kept)
