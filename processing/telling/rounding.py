"""How finely the public is told a figure."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.datasets.codebook import PERCENT

Array = NDArray[np.float64]
FIFTHS = 5.0
"""Parts of one, in which the mean of a count is told.

Answers are whole numbers: with n, a mean to the tenth is their very sum, and two tellings tell what one
who left between them had counted, in half of all drawn cases; to the fifth in one of forty.
"""
AT_MOST = (0.001, 0.01, 0.05, 0.1, 0.5, 1.0)
"""What the public is told of a p value: the least of these that it does not exceed."""
_NORMAL = 1.96


def rounded(table: pd.DataFrame, counts: Collection[str] = ()) -> pd.DataFrame:
    """The same rows as the public may have them: whole points, intervals about them.

    Scales that are `counts` of a few things are told in fifths (`FIFTHS`).

    An interval lies about the rounded estimate and holds the whole of the unrounded one, so that its
    ends say no more of the estimate than the estimate does. Nor do the standard error, which is that of
    this interval by the normal distribution, and at least what was found, and p, which is the next of
    `AT_MOST` above: a change and its own error to more decimals give the change, and the error of two
    means, before and after one answer was taken back, that answer. Response rates have two decimals.
    """
    parts = np.where(table["scale"].isin(counts), FIFTHS, 1.0)
    estimate: pd.Series = (table["estimate"] * parts).round() / parts
    below = np.ceil((estimate - table["low"]).clip(lower=0) * parts) / parts
    above = np.ceil((table["high"] - estimate).clip(lower=0) * parts) / parts
    reach = np.maximum(below, above)
    means = table["measure"].isin(["mean", "moderator"])
    known = table["standard_error"].notna()
    low, high = estimate - reach, estimate + reach
    return table.assign(
        estimate=estimate,
        low=low.where(~means, low.clip(lower=0)).round(1),
        high=high.where(~means, high.clip(upper=PERCENT)).round(1),
        standard_error=(reach / _NORMAL).where(known).round(2),
        p=_at_most(table["p"].to_numpy(float)),
        response_rate=table["response_rate"].astype(float).round(2),
    )


def _at_most(p: Array) -> Array:
    bounds = np.array(AT_MOST)
    within = np.minimum(np.searchsorted(bounds, p), len(bounds) - 1)
    return np.where(np.isnan(p), np.nan, bounds[within])


def around(value: float, low: float, high: float, parts: float = 1.0) -> tuple[float, float, float]:
    """One figure and its interval as `rounded` has them: whole, or in so many parts of one.

    >>> around(61.6, 52.3, 70.9)
    (62.0, 52.0, 72.0)
    >>> around(2.87, 2.31, 3.42, FIFTHS)
    (2.8, 2.0, 3.6)
    """
    told = round(value * parts)
    reach = max(math.ceil(told - low * parts), math.ceil(high * parts - told), 0)
    return told / parts, (told - reach) / parts, (told + reach) / parts
