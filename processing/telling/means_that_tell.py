"""Means that say what one group answered: everyone there, or those who took their answers back since."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.datasets.codebook import PERCENT, Codebook
from processing.measuring.disclosure_limits import DisclosureLimits

from .rounding import FIFTHS
from .told_before import ToldBefore, apart

Mask = NDArray[np.bool_]
_NO_SPREAD = 1e-9


def tells_of_all(means: pd.DataFrame, codebook: Codebook, limits: DisclosureLimits) -> Mask:
    """Means that say what everyone answered, or all but fewer than a count may have.

    Whoever answered anything else than the rest is at least a step away: one of a count, or of one of a
    scale's items. Fewer than `limits.count` can be where answers spread less than so many a step away
    would make them, where the mean lies that near an end, or where they spread so much from an end
    that few must be far from it: eleven of twelve at the lowest and one at the highest.
    """
    highest = means["scale"].map(codebook.highest_scores)
    step = means["scale"].map(dict(_steps(codebook))).fillna(0.0)
    n, few = means["n"], limits.count
    score = means["mean"] * PERCENT / highest
    squares = (n - 1) * (means["sd"] * PERCENT / highest) ** 2
    some = few * step**2 * (1 - few / n).clip(lower=0)
    same = squares < np.maximum(some - _NO_SPREAD * PERCENT**2, _NO_SPREAD)
    for away in (score, PERCENT - score):
        same |= n * away < few * step - _NO_SPREAD
        same |= squares + n * away**2 > _most_squares(n * away, step, few) + _NO_SPREAD * PERCENT**2
    return np.asarray(same & (n > 0))


def _most_squares(total: pd.Series, step: pd.Series, few: int) -> pd.Series:
    """The most that so many at least a step away can have of squares, who are `total` away together."""
    spare = (total - few * step).clip(lower=0, upper=few * (PERCENT - step))
    far = spare // (PERCENT - step)
    rest = step + spare - far * (PERCENT - step)
    squares = far * PERCENT**2 + rest**2 + (few - far - 1).clip(lower=0) * step**2
    # More than so many are away from there where they must be.
    return squares.where(total < few * PERCENT, np.inf)


def tells_of_who_left(
    means: pd.DataFrame,
    earlier: ToldBefore | None,
    codebook: Codebook,
    limits: DisclosureLimits,
) -> Mask:
    """Means that give, beside one told before, the mean of the few who left between them.

    Each was rounded, so that the mean of who left lies in an interval of as many points as the two are of
    answers, for each who left: of one it is twenty or more, of two of fifteen it is fourteen. Of as many
    as a mean needs it is a mean like any.
    """
    left = apart(means.assign(name=means["scale"]), earlier, "mean")
    told = means["n"].to_numpy(float)[:, None]
    highest = means["scale"].map(codebook.highest_scores).to_numpy(float)[:, None]
    rounded_by = np.where(highest < PERCENT, PERCENT / FIFTHS / highest, 1.0)
    wide = rounded_by * (2 * told + left) / np.where(left > 0, left, 1.0)
    close = (left > 0) & (left < limits.mean_n) & (wide < limits.mean_width)
    return np.asarray(close.any(axis=1) & ~(left == 0).any(axis=1))


def _steps(codebook: Codebook) -> Iterator[tuple[str, float]]:
    """Scale or variant -> by how many points of 100 a score differs at least from another."""
    for scale in codebook.scales:
        variants = {f"{scale.name}_{one}": out for one, out in scale.variants.items()}
        for name, left_out in {scale.name: (), **variants}.items():
            items = [one for one in scale.columns if one not in left_out]
            highest = codebook.highest_scores[name]
            answers = max((len(codebook.variable(one).codes) for one in items), default=0)
            steps = len(items) * (answers - 1) if highest == PERCENT else highest
            yield name, PERCENT / steps if steps > 0 else 0.0
