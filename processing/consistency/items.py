"""What each item of a scale looks like: its distribution, its part in the scale, its missing answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Weights
from processing.counting.counts import Counts, Moments, Points, span_of
from processing.counting.scale_counts import Answers, Missing, scale_counts

from .reliability import alpha_if_deleted, variance_of_rest


@dataclass(frozen=True)
class Tally:
    """A figure for each item and code."""

    codes: tuple[int, ...]
    table: NDArray[np.float64]
    """(items, codes)"""

    def to_frame(self, items: Sequence[str], name: str) -> pd.DataFrame:
        """Items in rows, codes in columns of the given name."""
        return pd.DataFrame(
            self.table,
            index=pd.Index(items, name="item"),
            columns=pd.Index(self.codes, name=name),
        )


@dataclass(frozen=True)
class ItemAnalysis:
    """What each item of a scale looks like; one entry an item."""

    items: tuple[str, ...]
    n: NDArray[np.float64]
    """Rows that answered the item."""
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    item_rest: NDArray[np.float64]
    """Correlation of the item with the sum of the others."""
    alpha_if_deleted: NDArray[np.float64]
    floor: NDArray[np.float64]
    """Share of the answers in the lowest category."""
    ceiling: NDArray[np.float64]
    shares: Tally
    """Of the item's answers in each category."""
    unanswered: Tally
    """Rows without an answer by reason code."""

    @property
    def categories(self) -> pd.DataFrame:
        """(items, answers): share of the item's answers in each category."""
        return self.shares.to_frame(self.items, "answer")

    @property
    def missing(self) -> pd.DataFrame:
        """(items, reasons): rows without an answer by reason code."""
        return self.unanswered.to_frame(self.items, "reason")

    def to_frame(self) -> pd.DataFrame:
        """One row an item."""
        return pd.DataFrame(
            {
                "n": self.n,
                "mean": self.mean,
                "sd": self.sd,
                "item_rest": self.item_rest,
                "alpha_if_deleted": self.alpha_if_deleted,
                "floor": self.floor,
                "ceiling": self.ceiling,
                "missing": self.unanswered.table.sum(axis=1),
            },
            index=pd.Index(self.items, name="item"),
        )

    def __str__(self) -> str:
        return self.to_frame().round(3).to_string()


def item_analysis(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "pairwise",
    *,
    reversed_items: Sequence[str] = (),
    points: Points | None = None,
    weights: Weights = None,
) -> ItemAnalysis:
    """Distribution, item–rest correlation and missing answers of each item of a scale.

    Item–rest is r(xᵢ, Σ xⱼ over the other items) from the covariance matrix. Distributions use all
    rows that answered the item; with missing="listwise" every figure but the missing answers comes
    from rows that answered all items.

    Parameters
    ----------
    answers, items, missing, reversed_items, points, weights
        As in `alpha`. Without `points` floor and ceiling are the lowest and highest answer seen in
        any of the items.

    Returns
    -------
    ItemAnalysis

    Raises
    ------
    StatisticsError
        As `alpha`.

    References
    ----------
    Henrysson 1963 (item–rest correlation), https://doi.org/10.1007/BF02289618; Nunnally & Bernstein
    1994, ISBN 978-0-07-047849-7

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 3, 5, -8], "c": [1, 3, 2, 4, 5]})
    >>> print(item_analysis(frame, points=5).to_frame()[["n", "mean", "floor", "missing"]])
            n  mean  floor  missing
    item
    a     5.0  3.00   0.20      0.0
    b     4.0  2.75   0.25      1.0
    c     5.0  3.00   0.20      0.0

    """
    counts = scale_counts(answers, items, missing, reversed_items, points, weights)
    everyone = counts
    if missing == "listwise" and not isinstance(answers, Counts):
        everyone = scale_counts(answers, items, "pairwise", reversed_items, points, weights)
    moments = counts.moments()
    shares = _category_shares(counts, points)
    return ItemAnalysis(
        items=counts.items,
        n=np.diag(moments.n).copy(),
        mean=moments.mean,
        sd=np.sqrt(np.diag(moments.covariance)),
        item_rest=_item_rest(moments),
        alpha_if_deleted=alpha_if_deleted(moments.covariance),
        floor=shares.table[:, 0],
        ceiling=shares.table[:, -1],
        shares=shares,
        unanswered=_missing_by_reason(everyone),
    )


def _item_rest(moments: Moments) -> NDArray[np.float64]:
    covariance = moments.covariance
    own = np.diag(covariance)
    with_rest = covariance.sum(axis=0) - own
    return np.asarray(with_rest / np.sqrt(own * variance_of_rest(covariance)))


def _category_shares(counts: Counts, points: Points | None) -> Tally:
    if points is None:
        answers = sorted({code for seen in counts.codes for code in seen if code >= 0})
    else:
        low, high = span_of(points)
        answers = list(range(low, high + 1))
    found = _tally(counts, answers)
    return Tally(found.codes, found.table / found.table.sum(axis=1, keepdims=True))


def _missing_by_reason(counts: Counts) -> Tally:
    reasons = sorted({code for seen in counts.codes for code in seen if code < 0}, reverse=True)
    return _tally(counts, reasons)


def _tally(counts: Counts, codes: Sequence[int]) -> Tally:
    margins = [counts.margin(item) for item in range(len(counts.items))]
    table = [[margin.get(code, 0.0) for code in codes] for margin in margins]
    return Tally(tuple(codes), np.array(table))
