"""Effects by waves since the start, with their covariance: what sensitivity to trends is read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from processing.errors import Problem, stop_if_any

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EventStudy:
    """Estimates against the wave before the start, which is left out: `before` of them, then the rest.

    `covariance` is theirs (waves, waves). All stand in the order of the waves, without a gap.
    """

    estimates: Array
    covariance: Array
    before: int

    def __post_init__(self) -> None:
        stop_if_any(self._problems())

    @property
    def after(self) -> int:
        return len(self.estimates) - self.before

    def pretest(self) -> float:
        """P of no difference in trends before the start, all waves together (Wald)."""
        if not self.before:
            return float("nan")
        own = self.covariance[: self.before, : self.before]
        early = self.estimates[: self.before]
        return float(stats.chi2(self.before).sf(early @ np.linalg.pinv(own) @ early))

    def _problems(self) -> list[Problem]:
        size = len(self.estimates)
        found = []
        if self.covariance.shape != (size, size):
            found.append(
                Problem(
                    "covariance", f"{self.covariance.shape} for {size} estimates", "Give theirs"
                )
            )
        elif not (
            np.isfinite(self.estimates).all()
            and np.isfinite(self.covariance).all()
            and (np.diag(self.covariance) > 0).all()
        ):
            found.append(
                Problem("covariance", "a variance is not above zero", "Leave such waves out")
            )
        if not 0 < self.before < size:
            found.append(
                Problem(
                    "before",
                    f"{self.before} of {size} estimates lie before the start",
                    "How trends may part can be judged with one wave more before the start",
                )
            )
        return found
