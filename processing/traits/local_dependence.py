"""Whether two items share more than the trait: Yen's Q3."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.patterns import Patterns

from .graded_likelihood import Answered, normal_grid
from .graded_response import GradedResponse
from .trait_scores import expected_traits, read_respondents

Array = NDArray[np.float64]

LARGE = 0.37
"""COSMIN's limit of Q3."""


@dataclass(frozen=True)
class LocalDependence:
    """Correlations of what the trait leaves unexplained."""

    items: tuple[str, ...]
    q3: Array
    """(items, items), with ones on the diagonal."""
    n: int

    @property
    def mean(self) -> float:
        """Mean Q3 of the pairs: somewhat below zero where no pair depends on more than the trait."""
        return float(self.q3[np.triu_indices(len(self.items), 1)].mean())

    def pairs(self, least: float = LARGE) -> tuple[tuple[str, str, float], ...]:
        """Pairs whose |Q3| reaches `least`, largest first."""
        return tuple(sorted(self._pairs(least), key=lambda pair: -abs(pair[2])))

    def _pairs(self, least: float) -> Iterator[tuple[str, str, float]]:
        for a, b in zip(*np.triu_indices(len(self.items), 1), strict=True):
            if abs(self.q3[a, b]) >= least:
                yield self.items[a], self.items[b], float(self.q3[a, b])

    def to_frame(self) -> pd.DataFrame:
        """The matrix with the items' names."""
        return pd.DataFrame(self.q3, index=list(self.items), columns=list(self.items))

    def __str__(self) -> str:
        return f"{self.to_frame().round(3).to_string()}\nmean Q3 = {self.mean:.3f}, n = {self.n}"


def local_dependence(frame: pd.DataFrame | Patterns, model: GradedResponse) -> LocalDependence:
    """Q3 of every pair of items: r(xᵢ − E(xᵢ | θ̂), xⱼ − E(xⱼ | θ̂)) over those who answered both.

    θ̂ is the expected a posteriori score. A share of each answer is in θ̂ itself, so that Q3 is
    below zero, by up to 1/(items − 1), without any dependence: with few items read it against its
    mean (Christensen et al. 2017).

    Parameters
    ----------
    frame
        Answers to the model's items, whole numbers; negative codes and NaN are missing. Or
        `Patterns`.
    model
        From `graded_response`.

    Returns
    -------
    LocalDependence

    Raises
    ------
    StatisticsError
        As `trait_scores`.

    References
    ----------
    Yen 1984, https://doi.org/10.1177/014662168400800201; Christensen, Makransky & Horton 2017,
    https://doi.org/10.1177/0146621616677520

    Examples
    --------
    >>> from processing import graded_response
    >>> from processing import KnownModel
    >>> from processing import simulate
    >>> known = KnownModel.simple({"calm": ["a", "b", "c", "d"]})
    >>> frame = simulate(known, 2000, seed=1).frame[["a", "b", "c", "d"]]
    >>> local_dependence(frame, graded_response(frame)).pairs()
    ()

    """
    answered = _answered(frame, model)
    theta, _ = expected_traits(answered, model, normal_grid())
    given = (answered.place >= 0).astype(np.float64)
    left = np.where(given > 0, answered.place - model.curves.expected(theta).T, 0.0)
    weight = answered.frequency[:, None]
    n = given.T @ (given * weight)
    sums = left.T @ (given * weight)
    squares = (left**2).T @ (given * weight)
    products = left.T @ (left * weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = products / n - sums * sums.T / n**2
        variance = squares / n - (sums / n) ** 2
        q3 = covariance / np.sqrt(variance * variance.T)
    np.fill_diagonal(q3, 1.0)
    return LocalDependence(model.items, q3, int(answered.frequency[given.any(axis=1)].sum()))


def _answered(frame: pd.DataFrame | Patterns, model: GradedResponse) -> Answered:
    if isinstance(frame, pd.DataFrame):
        return read_respondents(frame, model).answered
    own = frame.select(model.items)
    return Answered(model.places(own.answers), own.frequency)
