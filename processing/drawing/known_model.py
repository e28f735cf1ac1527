"""A factor model whose every number is known: the truth from which answers are drawn."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from processing.datasets.codebook import ScaleEntry
from processing.errors import Problem, StatisticsError, stop_if_any

Array = NDArray[np.float64]

ROUNDING = 1e-3
"""What shares written with three decimals may miss of one."""


@dataclass(frozen=True)
class KnownModel:
    """y* = Λη + ε, answered as the number of thresholds that y* exceeds, counted from `lowest`.

    In the reference group traits have mean 0 and variance 1, and so has every y*: loadings are
    standardised and thresholds lie on the standard normal scale.
    """

    loadings: Mapping[str, Mapping[str, float]]
    """Factor -> item -> loading. The order of the items is that in which they are first named."""
    thresholds: Mapping[str, Sequence[float]]
    """Item -> ascending thresholds, one less than answers."""
    correlations: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Pairs of factors; zero where none is given."""
    area_share: float = 0.0
    """Share of each trait's variance that lies between areas: its true ICC(1)."""
    item_area_share: float = 0.0
    """Share of each item's residual variance that lies between areas."""
    lowest: int = 1
    """The code of the lowest answer."""

    def __post_init__(self) -> None:
        stop_if_any(self._problems())

    @classmethod
    def simple(
        cls,
        scales: Mapping[str, Sequence[str]],
        loading: float = 0.7,
        shares: Sequence[float] = (0.1, 0.2, 0.4, 0.2, 0.1),
        *,
        correlation: float = 0.0,
        area_share: float = 0.0,
        lowest: int = 1,
    ) -> "KnownModel":
        """All items of all scales alike: one loading, one distribution, one correlation of factors."""
        names = list(scales)
        pairs = [(a, b) for place, a in enumerate(names) for b in names[:place]]
        return cls(
            loadings={scale: dict.fromkeys(items, loading) for scale, items in scales.items()},
            thresholds={item: cut_points(shares) for items in scales.values() for item in items},
            correlations=dict.fromkeys(pairs, correlation),
            area_share=area_share,
            lowest=lowest,
        )

    @classmethod
    def of_scales(
        cls, scales: Iterable[ScaleEntry], loading: float = 0.7, *, correlation: float = 0.0
    ) -> "KnownModel":
        """Each reflective scale one trait of which more is better, whichever way its items are put."""
        known = [scale for scale in scales if scale.model == "reflective"]
        plain = cls.simple(
            {scale.name: scale.columns for scale in known}, loading, correlation=correlation
        )
        turned = {
            (scale.name, column)
            for scale in known
            for column in scale.columns
            if (column in scale.reversed) != scale.headline_reversed
        }
        loadings = {
            name: {item: -one if (name, item) in turned else one for item, one in items.items()}
            for name, items in plain.loadings.items()
        }
        return cls(loadings, plain.thresholds, plain.correlations)

    @property
    def factors(self) -> tuple[str, ...]:
        return tuple(self.loadings)

    @cached_property
    def items(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item for items in self.loadings.values() for item in items))

    @cached_property
    def lambda_(self) -> Array:
        """(items, factors) loadings."""
        return np.array(
            [
                [self.loadings[factor].get(item, 0.0) for factor in self.factors]
                for item in self.items
            ]
        )

    @cached_property
    def phi(self) -> Array:
        """(factors, factors) correlations of the traits."""
        phi = np.eye(len(self.factors))
        place = {factor: row for row, factor in enumerate(self.factors)}
        for (a, b), r in self.correlations.items():
            if a in place and b in place:
                phi[place[a], place[b]] = phi[place[b], place[a]] = r
        return phi

    @cached_property
    def residuals(self) -> Array:
        """(items,) residual variances of y*."""
        return np.asarray(1 - np.einsum("if,fg,ig->i", self.lambda_, self.phi, self.lambda_))

    def correlation(self) -> pd.DataFrame:
        """Correlations of y* in the reference group: what polychoric correlations estimate."""
        implied = self.lambda_ @ self.phi @ self.lambda_.T + np.diag(self.residuals)
        return pd.DataFrame(implied, index=list(self.items), columns=list(self.items))

    def _problems(self) -> Iterator[Problem]:
        for item in self.items:
            if item not in self.thresholds:
                yield Problem(f"item {item!r}", "it loads but has no thresholds", "Give thresholds")
            elif not len(self.thresholds[item]) or (np.diff(self.thresholds[item]) <= 0).any():
                yield Problem(
                    f"item {item!r}",
                    f"thresholds must ascend, got {list(self.thresholds[item])}",
                    "Sort them, and let every answer have some room",
                )
        for pair in self.correlations:
            for factor in set(pair) - set(self.factors):
                yield Problem(f"factor {factor!r}", "no item loads on it", "Correct the name")
        if np.linalg.eigvalsh(self.phi)[0] <= 0:
            yield Problem(
                "correlations",
                "no traits can have these correlations, for their matrix is not positive definite",
                "Lower the largest of them",
            )
        for item, left in zip(self.items, self.residuals, strict=True):
            if left <= 0:
                yield Problem(
                    f"item {item!r}",
                    f"its loadings explain {1 - left:.3f} of a variance of 1",
                    "Lower the loadings",
                )
        for name in ("area_share", "item_area_share"):
            if not 0 <= getattr(self, name) < 1:
                yield Problem(
                    name, f"a share lies in [0, 1), got {getattr(self, name)}", "Correct it"
                )


@dataclass(frozen=True)
class KnownGroup:
    """How one group differs from the reference group; what is not named does not differ."""

    name: str
    share: float
    """Of the respondents (or areas); the shares of all groups add up to one."""
    means: Mapping[str, float] = field(default_factory=dict)
    """Factor -> mean, in SDs of the reference group."""
    spreads: Mapping[str, float] = field(default_factory=dict)
    """Factor -> SD."""
    loadings: Mapping[str, float] = field(default_factory=dict)
    """Item -> added to its loading (non-uniform DIF)."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Item -> added to its thresholds (uniform DIF: above zero makes high answers rarer)."""


def cut_points(shares: Sequence[float]) -> tuple[float, ...]:
    """Thresholds of a standard normal variable that give answers these shares.

    τₖ = Φ⁻¹(p₁ + … + pₖ).

    Parameters
    ----------
    shares
        One an answer, above zero; together one.

    Returns
    -------
    tuple of float
        One less than answers, ascending.

    Raises
    ------
    StatisticsError
        For fewer than two shares, one that is not above zero, and shares that miss one by more than
        .001.

    Examples
    --------
    >>> [round(cut, 3) for cut in cut_points([0.25, 0.5, 0.25])]
    [-0.674, 0.674]

    """
    parts = np.asarray(shares, dtype=np.float64)
    if len(parts) < 2 or not (parts > 0).all():
        raise StatisticsError(
            Problem(
                "shares",
                f"an item needs two answers or more, each with a share above zero, got {list(shares)}",
                "Give one share an answer",
            )
        )
    if abs(parts.sum() - 1) > ROUNDING:
        raise StatisticsError(
            Problem(
                "shares",
                f"the shares of all answers must add up to 1, got {list(shares)} = {parts.sum():g}",
                "Give every answer its share; divide counts by their sum first",
            )
        )
    return tuple(ndtri(np.cumsum(parts / parts.sum())[:-1]).tolist())
