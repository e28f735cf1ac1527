"""CR2 of a mean of comparisons of areas, under its working model: independent errors, equal ones.

A mean of comparisons is a sum over areas, Σ l_i'y_i, with y_i the waves of area i. Each area's part is
told by what it is off the means of the arms it stands in, which is linear in all areas' outcomes. So
its variance under the working model, and the degrees of freedom of their squares, are exact with any
weights and with waves that some areas miss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

Array = NDArray[np.float64]
Ids = NDArray[np.intp]


@dataclass(frozen=True)
class Arms:
    """Means that parts are taken about: of which areas, K of them, and over which waves.

    The mean of arm k is Σ_i share[k, i]·way[k]'y_i, with shares (K, n) and ways (K, T).
    """

    share: Array
    way: Array


@dataclass(frozen=True)
class Parts:
    """R parts: of an area each, load'y of it less Σ_k taken[k]·(the mean of arm k).

    Shapes: area (R,), load (R, T), taken (R, K). An area may have several.
    """

    area: Ids
    load: Array
    taken: Array
    arms: Arms

    def of(self, outcomes: Array) -> Array:
        """The parts of these outcomes (n, T), (n,) by area; each area has one at most."""
        seen = np.where(np.isnan(outcomes), 0.0, outcomes)
        means = (self.arms.share * (self.arms.way @ seen.T)).sum(axis=1)
        told = np.zeros(len(outcomes))
        told[self.area] = (self.load * seen[self.area]).sum(axis=1) - self.taken @ means
        return told

    def beside(self, others: Sequence[Parts]) -> Parts:
        """These parts and others, each about its own arms."""
        every = [self, *others]
        return Parts(
            np.concatenate([one.area for one in every]),
            np.concatenate([one.load for one in every]),
            np.asarray(block_diag(*(one.taken for one in every)), float),
            Arms(
                np.concatenate([one.arms.share for one in every]),
                np.concatenate([one.arms.way for one in every]),
            ),
        )

    @cached_property
    def _with_means(self) -> Array:
        """(R, K) covariances of load'y with the arms' means."""
        covariance: Array = (self.load @ self.arms.way.T) * self.arms.share[:, self.area].T
        return covariance

    @cached_property
    def _of_means(self) -> Array:
        covariance: Array = (self.arms.share @ self.arms.share.T) * (
            self.arms.way @ self.arms.way.T
        )
        return covariance

    def variances(self) -> Array:
        """(R,) of each part, in error variances."""
        own = (self.load**2).sum(axis=1)
        of_means = ((self.taken @ self._of_means) * self.taken).sum(axis=1)
        variance: Array = own - 2 * (self._with_means * self.taken).sum(axis=1) + of_means
        return np.where(variance > 1e-10 * own, variance, 0.0)

    def degrees_of_freedom(self, scale: Array) -> float:
        """Satterthwaite's (tr Γ)² / tr Γ² of the sum of squares of the parts times `scale` (R,).

        Γ is the parts' covariance, D − GA' − AG' + AQA': D of parts of one area, G with the means
        that A takes out, Q of the means. It is never laid out, for areas may be thousands.
        """
        load, taken = self.load * scale[:, None], self.taken * scale[:, None]
        sides = np.hstack([self._with_means * scale[:, None], taken])
        arms = taken.shape[1]
        zero, one = np.zeros((arms, arms)), np.eye(arms)
        middle = np.block([[zero, -one], [-one, self._of_means]])
        areas = self.arms.share.shape[1]
        own = np.zeros((areas, load.shape[1], load.shape[1]))
        np.add.at(own, self.area, load[:, :, None] * load[:, None, :])
        along = np.zeros((areas, load.shape[1], 2 * arms))
        np.add.at(along, self.area, load[:, :, None] * sides[:, None, :])
        between = np.einsum("atp,atq->pq", along, along)
        inner = middle @ (sides.T @ sides)
        squared = (own**2).sum() + 2 * (middle * between).sum() + (inner * inner.T).sum()
        whole = float((self.variances() * scale**2).sum())
        return float(whole**2 / squared) if squared > 0 else 0.0
