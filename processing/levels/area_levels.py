"""How much of a score lies between areas, and how reliable an area's mean is: ICC(1), ICC(2), λ."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtri, fdtrc

from processing.consistency.reliability import Interval
from processing.counting.answers import Weights, choose_items, read_weights
from processing.counting.rows_used import RowsUsed, has_group
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.options import no_level

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AreaReliability:
    """How one score divides between areas and the people in them."""

    icc: float
    """ICC(1): τ² / (τ² + σ²) by restricted maximum likelihood."""
    interval: Interval
    """Of the ICC, by profile likelihood."""
    between: float
    """τ²: variance of the areas' true means."""
    within: float
    """σ²: variance of people within an area."""
    mean: float
    """Of the areas, each weighed by how surely it is known."""
    icc_anova: float
    """ICC(1) from mean squares, (MSB − MSW) / (MSB + (n₀ − 1) MSW); may be below zero."""
    icc2_anova: float
    """ICC(2) from mean squares, 1 − MSW / MSB: reliability of the mean of an area of size n₀."""
    f: float
    p: float
    """Of the hypothesis that areas do not differ."""
    n: int
    areas: pd.DataFrame
    """One row an area: n, effective n, mean, λ, shrunk mean."""
    rows: RowsUsed | None = None
    """Rows used of those given, and why the others were left out; None of sums by area."""

    @property
    def reliability(self) -> float:
        """Mean λ of the areas."""
        return float(self.areas["lambda"].mean())

    def needed(self, reliability: float = 0.70) -> float:
        """Effective respondents an area needs for this λ; infinite where areas do not differ."""
        if self.icc <= 0:
            return float("inf")
        return reliability / (1 - reliability) * (1 - self.icc) / self.icc

    def to_frame(self) -> pd.DataFrame:
        """One row; the areas themselves are in `areas`."""
        return pd.DataFrame(
            [
                {
                    "icc": self.icc,
                    "low": self.interval.low,
                    "high": self.interval.high,
                    "between": self.between,
                    "within": self.within,
                    "icc_anova": self.icc_anova,
                    "icc2_anova": self.icc2_anova,
                    "f": self.f,
                    "p": self.p,
                    "lambda": self.reliability,
                    "needed": self.needed(),
                    "n": self.n,
                    "areas": len(self.areas),
                }
            ]
        )

    def __str__(self) -> str:
        takes = (
            f"λ = .70 takes {self.needed():.0f} answers an area"
            if self.icc > 0
            else "areas do not differ, so that no number of answers tells them apart"
        )
        told = (
            f"ICC(1) = {self.icc:.3f} {self.interval}, mean reliability of {len(self.areas)} areas"
            f" λ = {self.reliability:.3f}; {takes}, n = {self.n}"
        )
        return "\n".join([told, *(self.rows.lines() if self.rows else [])])


def area_reliability(
    frame: pd.DataFrame,
    score: str,
    area: str,
    *,
    weights: Weights = None,
    level: float = 0.95,
) -> AreaReliability:
    """Divide a score's variance between areas and the people in them.

    y = μ + u + e with var(u) = τ², var(e) = σ². ICC(1) = τ² / (τ² + σ²); an area with n answers has
    a mean of the reliability λ = n·ICC / (1 + (n − 1)·ICC), and μ + λ(ȳ − μ) is its shrunk mean.

    Parameters
    ----------
    frame
        One row a respondent.
    score
        A column of scores (any number); NaN is missing.
    area
        A column that names the area; rows without one (empty, or a code below zero) are left out.
    weights
        Survey weights. Within an area they are scaled to Kish's effective number (Σw)² / Σw², which
        then stands for n everywhere.
    level
        Coverage of the interval.

    Returns
    -------
    AreaReliability

    Raises
    ------
    StatisticsError
        Fewer than two areas, no area with two answers, a score that does not vary or is no number.

    References
    ----------
    Bliese 2000, ISBN 978-0-7879-5239-1; Raudenbush & Sampson 1999,
    https://doi.org/10.1111/0081-1750.00059

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"score": [1, 2, 3, 5, 6, 7.0], "area": list("aaabbb")})
    >>> found = area_reliability(frame, "score", "area")
    >>> round(found.icc_anova, 3), round(found.icc2_anova, 3)
    (0.885, 0.958)

    """
    found = reliability_of_areas(area_sums(frame, score, area, weights), score, area, level)
    without = int((~has_group(frame[area])).sum())
    missing = len(frame) - found.n - without
    return replace(found, rows=RowsUsed(found.n, len(frame), missing, without, area, "a score"))


def reliability_of_areas(
    sums: pd.DataFrame, score: str, area: str, level: float = 0.95
) -> AreaReliability:
    """The same of sums by area, as `area_sums` makes and `joined_areas` adds them up."""
    stop_if_any([*_unfit(sums, score, area), *no_level(level)])
    n, total = sums["n"].to_numpy(), float(sums["n"].sum())
    means = sums["mean"].to_numpy()
    squares = float(sums["squares"].sum())
    df_between, df_within = len(sums) - 1, total - len(sums)
    msb = float(n @ (means - n @ means / total) ** 2) / df_between
    msw = squares / df_within
    n0 = (total - float(n @ n) / total) / df_between
    icc, interval, within = _restricted(n, means, squares, level)
    between = within * icc / (1 - icc)
    surety = n / (1 + (n - 1) * icc)
    mean = float(surety @ means / surety.sum())
    reliability = n * icc / (1 + (n - 1) * icc)
    return AreaReliability(
        icc=icc,
        interval=interval,
        between=between,
        within=within,
        mean=mean,
        icc_anova=(msb - msw) / (msb + (n0 - 1) * msw),
        icc2_anova=1 - msw / msb,
        f=msb / msw,
        p=float(fdtrc(df_between, df_within, msb / msw)),
        n=int(sums["rows"].sum()),
        areas=pd.DataFrame(
            {
                "n": sums["rows"],
                "effective_n": n,
                "mean": means,
                "lambda": reliability,
                "shrunk": mean + reliability * (means - mean),
            },
            index=sums.index,
        ),
    )


def area_sums(frame: pd.DataFrame, score: str, area: str, weights: Weights = None) -> pd.DataFrame:
    """Per area: rows, effective n, mean, and squares around it."""
    choose_items(frame, [score], called="score")
    choose_items(frame, [area], called="column of areas")
    if not pd.api.types.is_numeric_dtype(frame[score]):
        raise StatisticsError(
            Problem(
                f"score {score!r}",
                f"a score is a number, found {frame[score].iloc[0]!r}",
                "Give scores, for instance those of `score`",
            )
        )
    weight = read_weights(frame, weights)
    w = np.ones(len(frame)) if weight is None else weight
    values = frame[score].to_numpy(np.float64, na_value=np.nan)
    known = np.isfinite(values) & has_group(frame[area])
    values, w = values[known], w[known]
    place, names = pd.factorize(frame[area][known], sort=True)
    count = len(names)
    rows = np.bincount(place, minlength=count)
    sums = np.bincount(place, weights=w, minlength=count)
    effective = sums**2 / np.bincount(place, weights=w**2, minlength=count)
    mean = np.bincount(place, weights=w * values, minlength=count) / sums
    apart = (values - mean[place]) ** 2
    squares = np.bincount(place, weights=w * apart, minlength=count) * effective / sums
    return pd.DataFrame(
        {"rows": rows, "n": effective, "mean": mean, "squares": squares}, index=pd.Index(names)
    )


def joined_areas(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Sums of two parts of the rows, unweighted; squares around the common mean (Chan et al. 1983)."""
    names = one.index.union(other.index)
    a, b = (part.reindex(names, fill_value=0) for part in (one, other))
    rows = a["rows"] + b["rows"]
    apart = b["mean"] - a["mean"]
    return pd.DataFrame(
        {
            "rows": rows,
            "n": a["n"] + b["n"],
            "mean": a["mean"] + apart * b["rows"] / rows,
            "squares": a["squares"] + b["squares"] + apart**2 * a["rows"] * b["rows"] / rows,
        }
    )


def _unfit(sums: pd.DataFrame, score: str, area: str) -> Iterator[Problem]:
    if len(sums) < 2:
        yield Problem(
            f"areas {area!r}",
            f"a comparison needs two areas or more, found {len(sums)}",
            "Name a column that divides the rows",
        )
    elif (sums["rows"] < 2).all():
        yield Problem(
            f"areas {area!r}",
            "no area has two answers, so that nothing is known of differences within areas",
            "Use larger areas",
        )
    elif not sums["squares"].sum() > 0:
        yield Problem(
            f"score {score!r}",
            "it does not vary within any area",
            "Give one score a respondent, not one an area",
        )


def _restricted(
    n: Array, means: Array, squares: float, level: float
) -> tuple[float, Interval, float]:
    """ICC, its profile interval, and σ², by restricted maximum likelihood.

    With r = τ²/σ² an area's mean has the variance σ²(r + 1/n), and σ² has a closed form.
    """
    total = float(n.sum())

    def spread(ratio: float) -> tuple[Array, float]:
        """Precision of each mean and the sum of squares, both for σ² = 1."""
        precision = n / (1 + n * ratio)
        centre = precision @ means / precision.sum()
        return precision, squares + float(precision @ (means - centre) ** 2)

    def deviance(icc: float) -> float:
        ratio = icc / (1 - icc)
        precision, apart = spread(ratio)
        bends = float(np.log1p(n * ratio).sum()) + float(np.log(precision.sum()))
        return (total - 1) * float(np.log(apart)) + bends

    def slope(icc: float) -> float:
        """Of the deviance in the ratio: at the optimum known to all digits, the deviance to half."""
        precision, apart = spread(icc / (1 - icc))
        centre = precision @ means / precision.sum()
        pull = float(precision**2 @ (means - centre) ** 2)
        total_precision = float(precision.sum())
        bend = total_precision - float(precision @ precision) / total_precision
        return bend - (total - 1) * pull / apart

    found = minimize_scalar(deviance, bounds=(0, 1 - 1e-9), options={"xatol": 1e-12})
    near = found.x * (1 - 1e-4), min(found.x * (1 + 1e-4), 1 - 1e-9)
    if slope(near[0]) < 0 < slope(near[1]):
        found.x = brentq(slope, *near, xtol=1e-15)
    icc, least = (0.0, deviance(0.0)) if deviance(0.0) <= found.fun else (found.x, found.fun)
    allowed = least + float(chdtri(1, 1 - level))
    low = brentq(lambda x: deviance(x) - allowed, 0, icc) if deviance(0.0) > allowed else 0.0
    high = 1 - 1e-9
    if deviance(high) > allowed:
        high = brentq(lambda x: deviance(x) - allowed, icc, high)
    return (
        float(icc),
        Interval(float(low), float(high), level),
        spread(icc / (1 - icc))[1] / (total - 1),
    )
