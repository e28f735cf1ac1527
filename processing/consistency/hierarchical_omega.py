"""Omega hierarchical: how much of a sum score one general factor explains beside its groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.counts import Counts, Points
from processing.counting.patterns import count_patterns
from processing.counting.scale_counts import Answers, Missing
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.factoring.correlations import Correlations, Kind, correlate
from processing.factoring.extraction import Extraction, extract
from processing.factoring.factors import Efa, Rotation, efa_of
from processing.options import no_level, too_few, unknown_word

from .reliability import Interval, of_replicates

Array = NDArray[np.float64]

WHOLE = 0.995
"""Loading of a group factor from which on the general factor explains it whole."""


@dataclass(frozen=True)
class OmegaHierarchical:
    """A Schmid–Leiman solution of p items with one general and k group factors."""

    items: tuple[str, ...]
    hierarchical: float
    """Share of the sum score's variance from the general factor."""
    total: float
    """Share from all common factors."""
    limit: float
    """Hierarchical divided by total."""
    ecv: float
    """Explained common variance: the general factor's share of all squared loadings."""
    general: Array
    """(p,) loadings on the general factor."""
    groups: Array
    """(p, k) loadings on the group factors."""
    communality: Array
    """(p,) share of each item's variance that the oblique factors explain."""
    turned: tuple[str, ...]
    """Items that were turned round because they load the general factor negatively."""
    interval: Interval | None
    """Of omega hierarchical; None unless replicates were asked for."""
    n: int
    doubts: tuple[str, ...] = ()
    """What stands against the oblique factors that all of it rests on."""

    def to_frame(self) -> pd.DataFrame:
        """One row an item: loadings and communality."""
        names = [f"F{group + 1}" for group in range(self.groups.shape[1])]
        frame = pd.DataFrame(self.groups, index=pd.Index(self.items, name="item"), columns=names)
        frame.insert(0, "general", self.general)
        return frame.assign(communality=self.communality)

    def __str__(self) -> str:
        return (
            f"omega hierarchical = {self.hierarchical:.3f}"
            f"{'' if self.interval is None else f' {self.interval}'},"
            f" omega total = {self.total:.3f}, ECV = {self.ecv:.3f}, n = {self.n}, {len(self.items)} items"
            + "".join(f"\n! {doubt}" for doubt in self.doubts)
        )


def omega_hierarchical(
    answers: Answers,
    factors: int = 3,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    extraction: Extraction = "minres",
    rotation: Rotation = "oblimin",
    correlation: Kind = "pearson",
    replicates: int = 0,
    level: float = 0.95,
    seed: int = 0,
    points: Points | None = None,
) -> OmegaHierarchical:
    """Omega hierarchical by a Schmid–Leiman transformation, as R's psych.

    k oblique factors are themselves given one factor with loadings γ. An item's general loading is
    Λγ, its group loadings Λ √(1 − γ²). With items turned so that general loadings are positive,
    ω_h = (Σ general)² / Σ R, and ω_total = 1 − Σ uniqueness / Σ R with the uniquenesses of the
    oblique factors.

    Parameters
    ----------
    answers, items, missing, correlation, points
        As in `kmo`.
    factors
        Group factors. With two, their one correlation cannot tell two γ apart, so both are √φ.
    extraction, rotation
        As in `efa`; the rotation must be oblique.
    replicates, level, seed
        How many times rows are drawn anew for a percentile interval of omega hierarchical. It needs
        a frame, missing="listwise" and Pearson correlations; replicates whose extraction fails are
        left out and counted among the doubts.

    Returns
    -------
    OmegaHierarchical

    Raises
    ------
    StatisticsError
        As `efa`, for a single group factor or an orthogonal rotation, and for replicates where rows
        cannot be drawn anew.

    References
    ----------
    Schmid & Leiman 1957, https://doi.org/10.1007/BF02289209; Zinbarg et al. 2005,
    https://doi.org/10.1007/s11336-003-0974-7

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> general, groups = rng.normal(3, 1, size=(500, 1)), rng.normal(size=(500, 3))
    >>> answers = np.rint(general + np.repeat(groups, 3, axis=1) + rng.normal(size=(500, 9)))
    >>> print(omega_hierarchical(pd.DataFrame(answers.clip(0), columns=list("abcdefghi"))))
    omega hierarchical = 0.678, omega total = 0.916, ECV = 0.491, n = 500, 9 items

    """
    stop_if_any(
        [
            *unknown_word("extraction", extraction, Extraction),
            *unknown_word("rotation", rotation, Rotation),
            *too_few("replicates", replicates, 0),
            *no_level(level),
        ]
    )
    found = correlate(answers, items, missing, correlation, points=points)
    stop_if_any(_no_general_factor(factors, rotation))
    solution = _solve(found, factors, extraction, rotation)
    if not replicates:
        return solution
    if isinstance(answers, Counts) or missing == "pairwise" or correlation == "polychoric":
        raise StatisticsError(_no_rows())
    patterns = count_patterns(answers, found.items, complete=True)
    drawn = patterns.resampled_covariances(replicates, np.random.default_rng(seed))
    tried = (
        _attempt(replace(found, matrix=_scaled(one)), factors, extraction, rotation)
        for one in drawn
    )
    values = np.array([one.hierarchical for one in tried if one is not None])
    interval, lost = of_replicates(values, replicates, level)
    return replace(solution, interval=interval, doubts=(*solution.doubts, *lost))


def _attempt(
    found: Correlations, factors: int, extraction: Extraction, rotation: Rotation
) -> OmegaHierarchical | None:
    try:
        return _solve(found, factors, extraction, rotation)
    except StatisticsError:
        return None


def _scaled(covariance: Array) -> Array:
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread))


def _solve(
    found: Correlations, factors: int, extraction: Extraction, rotation: Rotation
) -> OmegaHierarchical:
    first = efa_of(found, factors, extraction, rotation)
    above = _second_order(first, extraction)
    # A group factor that the general one explains whole leaves nothing to its group.
    own = np.sqrt(np.maximum(1 - above**2, 0))
    general, groups = first.loadings @ above, first.loadings * own
    sign = np.where(general < 0, -1.0, 1.0)
    variance = float(sign @ found.matrix @ sign)
    general, groups = general * sign, groups * sign[:, None]
    groups = groups * np.where(groups.sum(axis=0) < 0, -1, 1)
    explained = general**2 + (groups**2).sum(axis=1)
    hierarchical = float(general.sum() ** 2 / variance)
    total = float(1 - first.uniqueness.sum() / variance)
    return OmegaHierarchical(
        items=found.items,
        hierarchical=hierarchical,
        total=total,
        limit=hierarchical / total,
        ecv=float((general**2).sum() / explained.sum()),
        general=general,
        groups=groups,
        communality=first.communality,
        turned=tuple(item for item, way in zip(found.items, sign, strict=True) if way < 0),
        interval=None,
        n=found.n,
        doubts=(*first.doubts, *_explained_whole(above)),
    )


def _explained_whole(above: Array) -> Iterator[str]:
    for place, loading in enumerate(np.abs(above).tolist(), 1):
        if loading > WHOLE:
            yield (
                f"Heywood case: the general factor explains group factor F{place} whole (loading"
                f" {loading:.3f}), so that nothing is left to its group. Fewer group factors may do"
            )


def _no_rows() -> Problem:
    return Problem(
        "replicates",
        "rows are drawn anew only from a frame, listwise, for Pearson correlations",
        "Give the frame with missing='listwise', or leave replicates out",
    )


def _no_general_factor(factors: int, rotation: Rotation) -> list[Problem]:
    if factors > 1 and rotation != "varimax":
        return []
    return [
        Problem(
            f"{factors} factors, rotation {rotation!r}",
            "a general factor is found among two or more correlated factors",
            "Ask for at least two factors and rotation='oblimin' or 'promax'",
        )
    ]


def _second_order(first: Efa, extraction: Extraction) -> Array:
    """(k,) loadings of the group factors on the general one."""
    if len(first.phi) == 2:
        shared = first.phi[0, 1]
        return np.asarray(np.sqrt(abs(shared)) * np.array([1.0, np.sign(shared)]))
    above = extract(first.phi, 1, extraction)[:, 0]
    return -above if above.sum() < 0 else above
