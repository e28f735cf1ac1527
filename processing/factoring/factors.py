"""Exploratory factor analysis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc, chndtr

from processing.counting.counts import Counts, Points
from processing.counting.rows_used import RowsUsed, rows_used
from processing.counting.scale_counts import Answers, Missing
from processing.errors import Problem, stop_if_any
from processing.options import unknown_word
from processing.small_matrices import on_one_core

from .correlations import Correlations, Kind, correlate
from .extraction import Extraction, extract

Array = NDArray[np.float64]
Rotation: TypeAlias = Literal["oblimin", "promax", "varimax"]


@dataclass(frozen=True)
class EfaFit:
    """How well k factors reproduce the correlations."""

    chi2: float
    df: int
    p: float
    objective: float
    """ln|Σ| − ln|R| + tr(RΣ⁻¹) − p for the reproduced matrix Σ."""
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    """Ends of the 90 % interval."""
    bic: float
    rms_residual: float
    """Root of the mean squared residual correlation off the diagonal."""


@dataclass(frozen=True)
class Efa:
    """Loadings of p items on k factors.

    Every factor points to where its largest loading is positive, and factors stand in the order of
    the items that they load most, so that two samples of one population look alike.
    """

    items: tuple[str, ...]
    loadings: Array
    """(p, k) pattern."""
    phi: Array
    """(k, k) correlations of the factors; the identity unless the rotation is oblique."""
    communality: Array
    """(p,) share of each item's variance that the factors explain: diag(ΛΦΛᵀ)."""
    fit: EfaFit
    n: int
    extraction: Extraction
    rotation: Rotation | None
    rows: RowsUsed | None = None
    """Rows used of those given, and why the others were left out; None of what was counted."""
    odd: tuple[str, ...] = ()
    """Rare answers far from all others, where nothing says that they are offered."""

    @property
    def uniqueness(self) -> Array:
        return 1 - self.communality

    @property
    def structure(self) -> Array:
        """(p, k) correlations of items with factors: ΛΦ."""
        return self.loadings @ self.phi

    @property
    def heywood(self) -> tuple[str, ...]:
        """Items whose communality reached the bound: too many factors, or too alike items."""
        return tuple(
            item
            for item, share in zip(self.items, self.communality, strict=True)
            if share > 1 - 1.001 * 0.005
        )

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why there may be more factors than the items bear, and odd answers, in plain words."""
        return (*_doubts(self), *self.odd)

    def to_frame(self) -> pd.DataFrame:
        """One row an item: loadings and communality."""
        names = [f"F{factor + 1}" for factor in range(self.loadings.shape[1])]
        frame = pd.DataFrame(self.loadings, index=pd.Index(self.items, name="item"), columns=names)
        return frame.assign(communality=self.communality)

    def phi_frame(self) -> pd.DataFrame:
        names = [f"F{factor + 1}" for factor in range(len(self.phi))]
        return pd.DataFrame(self.phi, index=names, columns=names)

    def __str__(self) -> str:
        fit = self.fit
        return (
            f"{self.to_frame().round(3).to_string()}\n"
            f"χ²({fit.df}) = {fit.chi2:.1f}, RMSEA = {fit.rmsea:.3f}"
            f" [{fit.rmsea_low:.3f}; {fit.rmsea_high:.3f}], TLI = {fit.tli:.3f}, n = {self.n}"
            + "".join(f"\n{line}" for line in (self.rows.lines() if self.rows else ()))
            + "".join(f"\n! {doubt}" for doubt in self.doubts)
        )


def efa(
    answers: Answers,
    factors: int,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    extraction: Extraction = "minres",
    rotation: Rotation | None = "oblimin",
    correlation: Kind = "pearson",
    points: Points | None = None,
) -> Efa:
    """Exploratory factor analysis: R ≈ ΛΦΛᵀ + Ψ.

    Parameters
    ----------
    answers, items, missing, points
        As in `alpha`; items need no common direction.
    factors
        How many, see `parallel_analysis` and `minimum_average_partial`.
    extraction
        "minres" (least squares of the residual correlations) or "ml".
    rotation
        "oblimin" and "promax" let factors correlate, "varimax" does not, None leaves the axes where
        extraction put them.
    correlation
        "pearson" or "polychoric".

    Returns
    -------
    Efa

    Raises
    ------
    StatisticsError
        As `kmo`, for more factors than the items can tell apart, and when extraction does not
        converge.

    References
    ----------
    Harman & Jones 1966, https://doi.org/10.1007/BF02289468; Jennrich 2002,
    https://doi.org/10.1007/BF02294706

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(3, 1, size=500)
    >>> frame = pd.DataFrame({item: np.rint(trait + rng.normal(size=500)) for item in "abcd"})
    >>> print(efa(frame.clip(1, 5), 1))
             F1  communality
    item
    a     0.656        0.430
    b     0.619        0.383
    c     0.718        0.515
    d     0.602        0.363
    χ²(2) = 10.5, RMSEA = 0.092 [0.043; 0.150], TLI = 0.939, n = 500

    """
    stop_if_any(_unknown(extraction, rotation))
    found = correlate(answers, items, missing, correlation, points=points)
    solution = efa_of(found, factors, extraction, rotation)
    if isinstance(answers, Counts):
        return solution
    return replace(solution, rows=rows_used(answers, found.n, found.items))


def efa_of(
    found: Correlations, factors: int, extraction: Extraction, rotation: Rotation | None
) -> Efa:
    """Exploratory factor analysis of a correlation matrix."""
    p = len(found.items)
    stop_if_any([*_unknown(extraction, rotation), *_too_many(factors, p)])
    with on_one_core():
        loadings, phi = extract(found.matrix, factors, extraction), np.eye(factors)
        if rotation is not None and factors > 1:
            loadings, phi = rotate(loadings, rotation)
    loadings, phi = in_order(loadings, phi)
    reproduced = loadings @ phi @ loadings.T
    communality = np.diag(reproduced).copy()
    return Efa(
        items=found.items,
        loadings=loadings,
        phi=phi,
        communality=communality,
        fit=_fit(found.matrix, reproduced, factors, found.n),
        n=found.n,
        extraction=extraction,
        rotation=rotation,
        odd=found.doubts,
    )


def _doubts(found: Efa) -> Iterator[str]:
    factors = found.loadings.shape[1]
    if found.heywood:
        yield (
            f"Heywood case: {factors} factor{'s' * (factors > 1)} would leave"
            f" {', '.join(found.heywood)} no variance of {'their' if len(found.heywood) > 1 else 'its'}"
            " own. More factors are asked for than the items bear, or two items are nearly the same"
        )
    if not found.fit.df:
        yield (
            f"{factors} factors of {len(found.items)} items have no degrees of freedom: any answers"
            " would fit them as well. More factors are asked for than the items bear"
        )


def rotate(loadings: Array, rotation: Rotation) -> tuple[Array, Array]:
    """Rotated loadings and the factors' correlations.

    factor_analyzer brings scikit-learn along, which takes longer to load than to compute with, so
    it is loaded when the first solution is turned.
    """
    rotator = import_module("factor_analyzer.rotator").Rotator(
        method=rotation, max_iter=5000, tol=1e-5
    )
    turned = np.asarray(rotator.fit_transform(loadings), dtype=np.float64)
    phi = np.eye(loadings.shape[1]) if rotator.phi_ is None else np.asarray(rotator.phi_)
    return turned, phi


def in_order(loadings: Array, phi: Array) -> tuple[Array, Array]:
    """Give factors a sign and an order that do not hang on the path of the rotation."""
    top = np.abs(loadings).argmax(axis=0)
    sign = np.where(loadings[top, np.arange(len(top))] < 0, -1.0, 1.0)
    order = np.argsort(top, kind="stable")
    turned = phi * np.outer(sign, sign)
    return (loadings * sign)[:, order], turned[np.ix_(order, order)]


def _unknown(extraction: Extraction, rotation: Rotation | None) -> Iterator[Problem]:
    yield from unknown_word("extraction", extraction, Extraction)
    yield from unknown_word("rotation", rotation, Rotation | None)


def _too_many(factors: int, p: int) -> list[Problem]:
    if not isinstance(factors, int | np.integer):
        return [Problem("factors", f"it is a whole number, got {factors!r}", "Correct it")]
    freedom = _degrees(p, factors)
    if factors >= 1 and freedom >= 0:
        return []
    most = max((k for k in range(1, p) if _degrees(p, k) >= 0), default=0)
    return [
        Problem(
            f"{factors} factor{'s' * (factors != 1)}",
            f"{p} items can tell at most {most} factor{'s' * (most != 1)} apart",
            f"Ask for {'1' if most == 1 else f'1 to {most}'}"
            if most
            else "Use at least three items",
        )
    ]


def _degrees(p: int, factors: int) -> int:
    return ((p - factors) ** 2 - p - factors) // 2


def _fit(correlation: Array, reproduced: Array, factors: int, n: int) -> EfaFit:
    """Fit as R's psych reports it, with Bartlett's correction of the χ²."""
    p = len(correlation)
    model = reproduced.copy()
    np.fill_diagonal(model, np.diag(correlation))
    residual = correlation - model
    ratio = np.linalg.solve(model, correlation)
    objective = float(np.trace(ratio) - np.linalg.slogdet(ratio)[1] - p)
    df = _degrees(p, factors)
    scale = n - 1 - (2 * p + 5) / 6 - 2 * factors / 3
    chi2 = objective * scale
    null = -float(np.linalg.slogdet(correlation)[1]) * scale / (p * (p - 1) // 2)
    low, high = _rmsea_interval(chi2, df, n)
    return EfaFit(
        chi2=chi2,
        df=df,
        p=float(chdtrc(df, chi2)) if df else np.nan,
        objective=objective,
        tli=(null - chi2 / df) / (null - 1) if df else np.nan,
        rmsea=float(np.sqrt(max(chi2 / (df * n) - 1 / (n - 1), 0))) if df else np.nan,
        rmsea_low=low,
        rmsea_high=high,
        bic=chi2 - df * float(np.log(n)),
        rms_residual=float(np.sqrt((residual**2).sum() / (p * (p - 1)))),
    )


def _rmsea_interval(chi2: float, df: int, n: int) -> tuple[float, float]:
    """90 % interval from the noncentrality whose 95 % and 5 % points the χ² is."""
    if not df:
        return np.nan, np.nan
    ends = []
    for share in (0.95, 0.05):
        if chndtr(chi2, df, 0) < share:
            ends.append(0.0)
            continue
        most = chi2 + 10 * np.sqrt(chi2) + 100
        noncentral = brentq(lambda lam, share=share: chndtr(chi2, df, lam) - share, 0, most)
        ends.append(float(np.sqrt(noncentral / ((n - 1) * df))))
    return ends[0], ends[1]
