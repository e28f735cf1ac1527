"""Base weights: how many people each answer stands for before register counts are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from processing.errors import Problem, stop_if_any


@dataclass(frozen=True)
class BaseWeights:
    """`weight` a row, NaN where a row has no probability of having been asked."""

    weight: pd.Series
    rows: int  # with a weight
    without: int  # open links and rows whose design weight is 0
    adults_unknown: int  # given the mean of those that are known
    capped: int  # dwellings with more adults than `most`

    def to_frame(self) -> pd.DataFrame:
        """One row: rows, without, adults_unknown, capped, mean, lowest, highest."""
        return pd.DataFrame(
            [
                {
                    "rows": self.rows,
                    "without": self.without,
                    "adults_unknown": self.adults_unknown,
                    "capped": self.capped,
                    "mean": self.weight.mean(),
                    "lowest": self.weight.min(),
                    "highest": self.weight.max(),
                }
            ]
        )

    def __str__(self) -> str:
        return (
            f"Base weights of {self.rows:,} rows, {self.weight.min():.3g} to"
            f" {self.weight.max():.3g}; {self.without:,} rows have none (open link or no design"
            f" weight); adults unknown in {self.adults_unknown:,}, capped in {self.capped:,}"
        )


def base_weights(
    frame: pd.DataFrame,
    *,
    design: str | None = "base_weight",
    adults: str | None = None,
    most: int | None = None,
    unknown: float | None = None,
) -> BaseWeights:
    """The inverse of each row's probability of being asked, but for a factor.

    Definition: d = design weight × adults in the dwelling. One adult answers for a dwelling, so
    that who lives with three others is asked a quarter as often. Name `adults` only where the
    design weight does not count them yet.

    Parameters: `design` is a column of weights, 0 where nobody knows the probability; None stands
    for 1. Rows with `open_link` = 1, where there is such a column, have none. `adults` is a column
    of counts of 1 or more; missing codes (below 0) and blanks get the mean of the known, by design
    weight, or `unknown` where rows come in pieces. `most` caps it, for one dwelling of twelve would
    outweigh an area.

    Raises StatisticsError with every problem.

    >>> frame = pd.DataFrame({"base_weight": [1.0, 1.0, 2.0, 0.0], "adults": [1, 3, -5, 2]})
    >>> base_weights(frame, adults="adults").weight.tolist()
    [1.0, 3.0, 4.0, nan]
    """
    stop_if_any(_problems(frame, design, adults))
    weight = frame[design].to_numpy(float) if design else np.ones(len(frame))
    asked = weight > 0
    if "open_link" in frame:
        asked &= (frame["open_link"] != 1).to_numpy()
    lacking = capped = np.zeros(len(frame), bool)
    if adults:
        count = frame[adults].to_numpy(float)
        lacking = ~(count >= 1)
        capped = count > (most or np.inf)
        count = np.minimum(count, most or np.inf)
        known = asked & ~lacking
        if unknown is None:
            unknown_adults = np.average(count[known], weights=weight[known]) if known.any() else 1.0
        else:
            unknown_adults = unknown
        weight = weight * np.where(lacking, unknown_adults, count)
    return BaseWeights(
        pd.Series(np.where(asked, weight, np.nan), frame.index, name="base"),
        int(asked.sum()),
        int((~asked).sum()),
        int((lacking & asked).sum()),
        int((capped & asked).sum()),
    )


def _problems(frame: pd.DataFrame, design: str | None, adults: str | None) -> list[Problem]:
    found = [
        Problem(name, "the rows have no such column", "Name a column, or leave it out")
        for name in (design, adults)
        if name and name not in frame.columns
    ]
    if found:
        return found
    if design and (frame[design] < 0).any():
        at = frame.index[frame[design] < 0][0]
        found.append(
            Problem(f"{design}, row {at}", "a weight is below zero", "Give 0 for no probability")
        )
    if adults and (frame[adults] == 0).any():
        at = frame.index[frame[adults] == 0][0]
        found.append(
            Problem(f"{adults}, row {at}", "a dwelling has no adult", "Count who answers too")
        )
    return found
