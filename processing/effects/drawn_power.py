"""What randomisation over areas finds, by drawing: it has no closed form.

A study's changes by area are drawn without an effect, once, and any effect is then added to them:
what each assignment would show is linear in it.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]
_ASSIGNMENTS = 2_000
_STUDIES = 1_000
_FARTHEST = 12.0
"""Standard errors beyond which no study looks for an effect."""


class DrawnStudies:
    """`_STUDIES` studies of `treated` and `comparison` areas whose changes have a variance of one."""

    def __init__(self, treated: int, comparison: int, *, level: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        areas = treated + comparison
        chosen = _assignments(treated, areas, random)
        # Each assignment's difference of means is a product with these.
        sides = np.where(chosen, 1 / treated, -1 / comparison)
        self.shown = random.normal(size=(_STUDIES, areas)) @ sides.T
        self.of_effect = sides[:, :treated].sum(axis=1)
        self.error = float(np.sqrt(1 / treated + 1 / comparison))
        self.alpha = 1 - level

    def power(self, effect: float) -> float:
        """The share of studies whose randomisation test finds an effect, in SD of a change."""
        found = np.abs(self.shown + effect * self.of_effect)
        p = (found >= found[:, :1] * (1 - 1e-9)).mean(axis=1)
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
