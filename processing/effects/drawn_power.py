"""What randomisation over areas finds, by drawing: it has no closed form.

A study's changes by area are drawn without an effect, once, and any effect is then added to them:
what each assignment would show is a polynomial in it.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]
_ASSIGNMENTS = 1_000
_STUDIES = 1_000
_FARTHEST = 12.0
"""Standard errors beyond which no study looks for an effect."""


class DrawnStudies:
    """`_STUDIES` studies of `treated` and `comparison` areas whose changes have a variance of one.

    Assignments are compared by t, as `randomisation` does: a difference of means over the root of
    the squares about them, each by its arm's size.
    """

    def __init__(self, treated: int, comparison: int, *, level: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        areas = treated + comparison
        chosen = _assignments(treated, areas, random).astype(float).T
        changes = random.normal(size=(_STUDIES, areas))
        true = np.arange(areas) < treated
        self.arms = treated, comparison
        # Sums over the areas that each assignment chooses, of changes, of squares and of what an
        # effect in the true areas adds to them.
        self.shown, self.squares = changes @ chosen, changes**2 @ chosen
        self.turned, self.met = (changes * true) @ chosen, true @ chosen
        self.whole = tuple(
            one.sum(axis=1, keepdims=True) for one in (changes, changes**2, changes * true)
        )
        self.error = float(np.sqrt(1 / treated + 1 / comparison))
        self.alpha = 1 - level

    def power(self, effect: float) -> float:
        """The share of studies whose randomisation test finds an effect, in SD of a change."""
        treated, comparison = self.arms
        total, squares, turned = self.whole
        sum_1 = self.shown + effect * self.met
        sum_0 = total + effect * treated - sum_1
        square_1 = self.squares + effect * (2 * self.turned + effect * self.met)
        square_0 = squares + effect * (2 * turned + effect * treated) - square_1
        gap = sum_1 / treated - sum_0 / comparison
        spread = (square_1 - sum_1**2 / treated) / treated**2
        spread += (square_0 - sum_0**2 / comparison) / comparison**2
        t = gap**2 / spread
        p = (t >= t[:, :1] * (1 - 1e-9)).mean(axis=1)
        return float((p <= self.alpha).mean())

    def smallest_effect(self, power: float) -> float:
        """The effect that is found with this power; infinite where none is."""
        far = _FARTHEST * self.error
        if self.power(far) < power:
            return float("inf")
        edge: float = brentq(lambda effect: self.power(effect) - power, 0.0, far, xtol=1e-4)
        return edge


def _assignments(treated: int, areas: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """All choices of areas, the true one first; where there are too many, some by chance."""
    chosen = np.zeros((min(comb(areas, treated), _ASSIGNMENTS), areas), bool)
    if comb(areas, treated) <= _ASSIGNMENTS:
        for row, places in zip(chosen, combinations(range(areas), treated), strict=True):
            row[list(places)] = True
        return chosen
    chosen[:, :treated] = True
    chosen[1:] = random.permuted(chosen[1:], axis=1)
    return chosen
