"""Correlations between the normal variables behind ordered answers, with their thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from processing.counting.answers import Weights
from processing.counting.counts import Counts, Points
from processing.counting.scale_counts import Answers, Missing, scale_counts
from processing.errors import Problem, StatisticsError

from .bivariate_normal import FAR, density, probability

Array = NDArray[np.float64]

STEPS = 100
SMALL_STEP = 1e-11
LARGEST = 0.9999
"""A correlation at this bound is not estimated: the table leaves only one diagonal."""

SMALLEST_PROBABILITY = 1e-14
"""Cells below it are rounding noise of a difference of four probabilities."""


@dataclass(frozen=True)
class Polychoric:
    """Thresholds and correlations of p items."""

    items: tuple[str, ...]
    codes: tuple[tuple[int, ...], ...]
    """Per item, the answers that occur, ascending."""
    thresholds: tuple[Array, ...]
    """Per item, one less than answers: where the normal variable passes to the next answer."""
    correlation: Array
    """(p, p)"""
    n: int
    """Rows that answered every item, or with missing="pairwise" all rows."""

    def to_frame(self) -> pd.DataFrame:
        """The correlation matrix with the items' names."""
        return pd.DataFrame(self.correlation, index=list(self.items), columns=list(self.items))

    def pairs(self) -> Array:
        """(pairs,) correlations: of the items (0, 1), (0, 2) and so on, then (1, 2)."""
        return np.asarray(self.correlation[np.triu_indices(len(self.items), 1)])

    def thresholds_frame(self) -> pd.DataFrame:
        """One row a threshold: item, answers below it, value."""
        return pd.DataFrame(
            [
                {"item": item, "up_to": code, "threshold": threshold}
                for item, codes, thresholds in zip(
                    self.items, self.codes, self.thresholds, strict=True
                )
                for code, threshold in zip(codes, thresholds.tolist(), strict=False)
            ]
        )

    def __str__(self) -> str:
        return f"{self.to_frame().round(3).to_string()}\nn = {self.n}"


def polychoric(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    reversed_items: Sequence[str] = (),
    points: Points | None = None,
    weights: Weights = None,
) -> Polychoric:
    """Polychoric correlations by two-step maximum likelihood.

    Each answer is taken as a standard normal variable cut at thresholds τ. First
    τ = Φ⁻¹(cumulative share of the answers); then, for each pair of items, the correlation that
    makes the cross-table most likely. Of two items with two answers each, a table with one empty
    cell gets half a row there and keeps its margins, as lavaan does.

    Parameters
    ----------
    answers, items, missing, reversed_items, points, weights
        As in `alpha`. "pairwise" takes thresholds from all who answered the item and each
        correlation from those who answered both.

    Returns
    -------
    Polychoric

    Raises
    ------
    StatisticsError
        As `alpha`, and for a pair whose answers leave only one diagonal, so that the correlation
        has no bound but ±1.

    References
    ----------
    Olsson 1979, https://doi.org/10.1007/BF02296207

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1, 1, 2, 2, 3, 3, 1, 2], "b": [1, 2, 1, 2, 2, 2, 1, 1]})
    >>> print(polychoric(frame))
           a      b
    a  1.000  0.643
    b  0.643  1.000
    n = 8

    """
    counts = scale_counts(answers, items, missing, reversed_items, points, weights)
    return polychoric_of(counts)


def polychoric_of(counts: Counts) -> Polychoric:
    """Polychoric correlations of counts that vary and hold at least two items."""
    codes = tuple(tuple(code for code in seen if code >= 0) for seen in counts.codes)
    thresholds = tuple(_thresholds(counts, item) for item in range(len(counts.items)))
    tables, first, second = pair_tables(counts)
    cuts = padded(thresholds)
    r = _most_likely(_halved_corners(tables, codes, first, second), cuts[first], cuts[second])
    bound = np.flatnonzero(~(np.abs(r) < LARGEST))
    if bound.size:
        raise StatisticsError(
            *(
                Problem(
                    f"items {counts.items[first[pair]]!r} and {counts.items[second[pair]]!r}",
                    "their answers leave only one diagonal of the cross-table, so the polychoric"
                    " correlation has no bound but ±1",
                    "Leave one of them out, or join rare answers",
                )
                for pair in bound
            )
        )
    correlation = np.eye(len(counts.items))
    correlation[first, second] = correlation[second, first] = r
    return Polychoric(counts.items, codes, thresholds, correlation, counts.rows)


def _thresholds(counts: Counts, item: int) -> Array:
    shares = np.array([share for code, share in counts.margin(item).items() if code >= 0])
    return np.asarray(ndtri(np.cumsum(shares)[:-1] / shares.sum()))


def padded(thresholds: Sequence[Array]) -> Array:
    """(items, most thresholds): shorter items are filled with FAR, so that all pairs fit one array."""
    width = max(len(cuts) for cuts in thresholds)
    return np.array([[*cuts, *[FAR] * (width - len(cuts))] for cuts in thresholds])


def pair_tables(counts: Counts) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    """(pairs, K, K) cross-tables of answers, filled with zeros, and the two items of each pair.

    Pairs run as in the lower triangle read by columns: (0, 1), (0, 2), …, (1, 2), …
    """
    first, second = np.triu_indices(len(counts.items), 1)
    width = max(sum(code >= 0 for code in seen) for seen in counts.codes)
    tables = np.zeros((len(first), width, width))
    for pair, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        block = counts.answers(i, j)
        tables[pair, : block.shape[0], : block.shape[1]] = block
    return tables, first, second


def _halved_corners(
    tables: Array,
    codes: Sequence[Sequence[int]],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
) -> Array:
    """Move half a row into the empty cell of a two-by-two table that has just one."""
    binary = np.array([len(seen) == 2 for seen in codes])
    corner = tables[:, :2, :2]
    empty = corner == 0
    pairs = np.flatnonzero(binary[first] & binary[second] & (empty.sum(axis=(1, 2)) == 1))
    if not pairs.size:
        return tables
    on_diagonal = empty[pairs, 0, 0] | empty[pairs, 1, 1]
    shift = np.where(on_diagonal[:, None, None], 0.5, -0.5) * np.array([[1, -1], [-1, 1]])
    tables = tables.copy()
    tables[pairs, :2, :2] += shift
    return tables


def cell_probabilities(x: Array, y: Array, r: Array) -> tuple[Array, Array]:
    """(pairs, K, K) probabilities of the cells between thresholds, and their slopes in r.

    x and y are (pairs, K − 1) thresholds of the two items.
    """
    pairs, width = x.shape
    below = np.zeros((pairs, width + 2, width + 2))
    slope = np.zeros_like(below)
    corners = x[:, :, None], y[:, None, :], r[:, None, None]
    below[:, 1:-1, 1:-1] = probability(*corners)
    slope[:, 1:-1, 1:-1] = density(*corners)
    below[:, 1:-1, -1] = ndtr(x)
    below[:, -1, 1:-1] = ndtr(y)
    below[:, -1, -1] = 1
    cells = np.diff(np.diff(below, axis=1), axis=2)
    return np.maximum(cells, SMALLEST_PROBABILITY), np.diff(np.diff(slope, axis=1), axis=2)


def _most_likely(tables: Array, x: Array, y: Array) -> Array:
    """(pairs,) correlations by Fisher scoring; the bound ±LARGEST where there is no maximum."""
    n = tables.sum(axis=(1, 2))
    r = _pearson(tables)
    moving = np.arange(len(r))
    for _ in range(STEPS):
        cells, slope = cell_probabilities(x[moving], y[moving], r[moving])
        share = slope / cells
        gradient = (tables[moving] * share).sum(axis=(1, 2))
        information = n[moving] * (slope * share).sum(axis=(1, 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            # Where nothing bends the likelihood there is no maximum, which the caller tells.
            moved = r[moving] + gradient / information
        # Half the way to the bound is as far as one step may go.
        moved = np.clip(moved, (r[moving] - 1) / 2, (r[moving] + 1) / 2)
        step = np.abs(moved - r[moving])
        r[moving] = np.clip(moved, -LARGEST, LARGEST)
        moving = moving[(step > SMALL_STEP) & (np.abs(r[moving]) < LARGEST)]
        if not moving.size:
            break
    return r


def _pearson(tables: Array) -> Array:
    """Correlation of the answers' ranks in each table, a little widened: where the search starts."""
    places = np.arange(tables.shape[1], dtype=np.float64)
    n = tables.sum(axis=(1, 2))
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    x, y = rows @ places / n, columns @ places / n
    variances = (rows @ places**2 / n - x**2) * (columns @ places**2 / n - y**2)
    product = np.einsum("pij,i,j->p", tables, places, places) / n - x * y
    return np.asarray(np.clip(1.1 * product / np.sqrt(variances), -0.9, 0.9))
