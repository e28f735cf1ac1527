"""Whether items share enough to look for factors: Kaiser–Meyer–Olkin and Bartlett."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from processing.counting.counts import Points
from processing.counting.scale_counts import Answers, Missing

from .correlations import Kind, correlate


@dataclass(frozen=True)
class Kmo:
    """Measure of sampling adequacy."""

    overall: float
    items: dict[str, float]
    n: int

    def to_frame(self) -> pd.DataFrame:
        """One row an item."""
        return pd.DataFrame({"kmo": self.items}).rename_axis("item")

    def __str__(self) -> str:
        lowest = min(self.items, key=lambda item: self.items[item])
        return (
            f"KMO = {self.overall:.3f}, lowest {lowest} {self.items[lowest]:.3f},"
            f" n = {self.n}, {len(self.items)} items"
        )


@dataclass(frozen=True)
class Bartlett:
    """Test that the items do not correlate at all."""

    chi2: float
    df: int
    p: float
    n: int

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([{"chi2": self.chi2, "df": self.df, "p": self.p, "n": self.n}])

    def __str__(self) -> str:
        return f"Bartlett: χ²({self.df}) = {self.chi2:.1f}, p = {self.p:.3g}, n = {self.n}"


def kmo(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    correlation: Kind = "pearson",
    points: Points | None = None,
) -> Kmo:
    """Kaiser–Meyer–Olkin measure: how far correlations are shared rather than of pairs alone.

    KMO = Σ r² / (Σ r² + Σ q²) over all pairs, where q are the partial correlations given all other
    items; for one item over its pairs. Below .5 there is nothing to factor, from .8 on plenty.

    Parameters
    ----------
    answers, items, missing, points
        As in `alpha`.
    correlation
        "pearson" or "polychoric".

    Returns
    -------
    Kmo

    Raises
    ------
    StatisticsError
        For constant or identical items, fewer rows than items and a singular matrix.

    References
    ----------
    Kaiser & Rice 1974, https://doi.org/10.1177/001316447403400115

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(3, 1, size=500)
    >>> frame = pd.DataFrame({item: np.rint(trait + rng.normal(size=500)) for item in "abcd"})
    >>> print(kmo(frame.clip(1, 5)))
    KMO = 0.752, lowest c 0.734, n = 500, 4 items

    """
    found = correlate(answers, items, missing, correlation, points=points)
    inverse = np.linalg.inv(found.matrix)
    scale = np.sqrt(np.diag(inverse))
    shared = found.matrix**2
    partial = (inverse / np.outer(scale, scale)) ** 2
    np.fill_diagonal(shared, 0)
    np.fill_diagonal(partial, 0)
    each = shared.sum(axis=0) / (shared + partial).sum(axis=0)
    return Kmo(
        overall=float(shared.sum() / (shared + partial).sum()),
        items=dict(zip(found.items, each.tolist(), strict=True)),
        n=found.n,
    )


def bartlett(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    correlation: Kind = "pearson",
    points: Points | None = None,
) -> Bartlett:
    """Bartlett's test of sphericity: that the correlation matrix is the identity.

    χ² = −(n − 1 − (2p + 5) / 6) ln|R| with p (p − 1) / 2 degrees of freedom.

    Parameters
    ----------
    answers, items, missing, correlation, points
        As in `kmo`.

    Returns
    -------
    Bartlett

    Raises
    ------
    StatisticsError
        As `kmo`.

    References
    ----------
    Bartlett 1951, https://doi.org/10.1093/biomet/38.3-4.337

    Examples
    --------
    >>> import pandas as pd
    >>> print(bartlett(pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 3, 5, 4]})))
    Bartlett: χ²(1) = 2.6, p = 0.11, n = 5

    """
    found = correlate(answers, items, missing, correlation, points=points)
    p = len(found.items)
    chi2 = -(found.n - 1 - (2 * p + 5) / 6) * np.linalg.slogdet(found.matrix)[1]
    df = p * (p - 1) // 2
    return Bartlett(chi2=float(chi2), df=df, p=float(chdtrc(df, chi2)), n=found.n)
