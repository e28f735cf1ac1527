"""Split-half reliability over all ways to cut a scale in two."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Weights
from processing.counting.counts import Points
from processing.counting.scale_counts import Answers, Missing, scale_counts

Array = NDArray[np.float64]

MOST_SPLITS = 10_000


@dataclass(frozen=True)
class SplitHalf:
    """Reliabilities of a scale cut into two halves (as long as each other, or by one item more)."""

    odd_even: float
    """Items in turn to one half and the other."""
    minimum: float
    """Of the worst split."""
    mean: float
    """Over all splits; with an even number of items it equals alpha."""
    maximum: float
    """Of the best split: Guttman's λ₄."""
    splits: int
    all_splits: bool
    """False where there are more than 10 000 and that many were drawn."""
    n: int
    k: int

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame(
            [
                {
                    "odd_even": self.odd_even,
                    "minimum": self.minimum,
                    "mean": self.mean,
                    "maximum": self.maximum,
                    "splits": self.splits,
                    "n": self.n,
                    "items": self.k,
                }
            ]
        )

    def __str__(self) -> str:
        return (
            f"split-half = {self.mean:.3f} on average ({self.minimum:.3f} to {self.maximum:.3f} over"
            f" {self.splits} splits), odd–even {self.odd_even:.3f}, n = {self.n}, {self.k} items"
        )


def split_half(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    reversed_items: Sequence[str] = (),
    points: Points | None = None,
    weights: Weights = None,
    seed: int = 0,
) -> SplitHalf:
    """Split-half reliability: 4 cov(A, B) / var(A + B) for the sums A and B of two halves.

    Unlike the Spearman–Brown formula it does not suppose that the halves vary alike (Flanagan,
    Rulon, Guttman). All splits are tried; where they are more than 10 000, so many are drawn.

    Parameters
    ----------
    answers, items, missing, reversed_items, points, weights
        As in `alpha`.
    seed
        Where the random numbers start, if splits are drawn.

    Returns
    -------
    SplitHalf

    Raises
    ------
    StatisticsError
        As `alpha`.

    References
    ----------
    Guttman 1945, https://doi.org/10.1007/BF02288892

    Examples
    --------
    >>> import pandas as pd
    >>> a, b = [1, 2, 3, 4, 5], [2, 1, 3, 5, 4]
    >>> c, d = [1, 3, 2, 4, 5], [1, 2, 4, 3, 5]
    >>> print(split_half(pd.DataFrame({"a": a, "b": b, "c": c, "d": d})))
    split-half = 0.923 on average (0.923 to 0.923 over 3 splits), odd–even 0.923, n = 5, 4 items

    """
    counts = scale_counts(answers, items, missing, reversed_items, points, weights)
    covariance = counts.moments().covariance
    k = len(counts.items)
    signs = _splits(k, np.random.default_rng(seed))
    # The variance of the halves' difference over that of their sum is what the split leaves out.
    found = 1 - np.einsum("si,ij,sj->s", signs, covariance, signs) / covariance.sum()
    turn = np.where(np.arange(k) % 2, -1.0, 1.0)
    return SplitHalf(
        odd_even=float(1 - turn @ covariance @ turn / covariance.sum()),
        minimum=float(found.min()),
        mean=float(found.mean()),
        maximum=float(found.max()),
        splits=len(signs),
        all_splits=len(signs) == _how_many(k),
        n=counts.rows,
        k=k,
    )


def _how_many(k: int) -> int:
    # Halves of equal length come up twice, once as A and once as B.
    return comb(k, k // 2) // (1 if k % 2 else 2)


def _splits(k: int, rng: np.random.Generator) -> Array:
    """(splits, k): +1 for items of one half, −1 for those of the other."""
    if _how_many(k) > MOST_SPLITS:
        turn = np.where(np.arange(k) < k // 2, 1.0, -1.0)
        return rng.permuted(np.tile(turn, (MOST_SPLITS, 1)), axis=1)
    # An even number is cut so that the first item is always in the first half.
    halves = [half for half in combinations(range(k), k // 2) if k % 2 or 0 in half]
    signs = np.full((len(halves), k), -1.0)
    for row, half in enumerate(halves):
        signs[row, list(half)] = 1
    return signs
