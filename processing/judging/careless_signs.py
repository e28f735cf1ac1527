"""Signs of careless answering as numbers, each from (items, rows) codes."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from processing.counting.answers import Codes
from processing.counting.products import RowSums

Array = NDArray[np.float64]

ROWS = 2**14
"""Widened to floating point at a time."""


def longest_runs(codes: Codes) -> NDArray[np.int16]:
    run = np.zeros(codes.shape[1], dtype=np.int16)
    longest = run.copy()
    before = np.full(codes.shape[1], -1, dtype=np.int8)
    for answers in codes:
        run = np.where(answers == before, run + 1, 1).astype(np.int16) * (answers >= 0)
        longest = np.maximum(longest, run)
        before = answers
    return longest


def spreads(codes: Codes) -> Array:
    given = codes >= 0
    n = given.sum(axis=0)
    values = np.where(given, codes, 0).astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = values.sum(axis=0) / n
        variance = ((values**2).sum(axis=0) - n * mean**2) / (n - 1)
    return np.asarray(np.where(n > 1, np.sqrt(np.maximum(variance, 0)), np.nan), dtype=np.float64)


def _correlations(first: Array, second: Array) -> Array:
    """(rows,): correlation over columns of what both have; NaN below three or without spread."""
    both = np.isfinite(first) & np.isfinite(second)
    n = both.sum(axis=1)
    x, y = np.where(both, first, 0.0), np.where(both, second, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.where(both, x - (x.sum(axis=1) / n)[:, None], 0.0)
        y = np.where(both, y - (y.sum(axis=1) / n)[:, None], 0.0)
        r = (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return np.asarray(np.where(n >= 3, r, np.nan))


def _means(codes: Codes) -> Array:
    given = codes >= 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(given, codes, 0).sum(axis=0) / given.sum(axis=0))


def even_odd(codes: Codes, items: Sequence[str], scales: Mapping[str, Sequence[str]]) -> Array:
    usable = [part for part in scales.values() if len(part) >= 2]
    place = {item: row for row, item in enumerate(items)}
    halves = [
        np.column_stack([_means(codes[[place[i] for i in part[side::2]]]) for part in usable])
        for side in (0, 1)
    ]
    r = _correlations(*halves)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Below zero Spearman and Brown's step runs off towards minus infinity.
        return np.asarray(np.where(r > 0, 2 * r / (1 + r), r))


def distances(codes: Codes, mean: Array, covariance: Array) -> tuple[Array, NDArray[np.intp]]:
    """(rows,) squared distances and their degrees of freedom, by pattern of missing answers."""
    rows = codes.shape[1]
    given = codes >= 0
    distance, df = np.full(rows, np.nan), np.zeros(rows, dtype=np.intp)
    if not rows:
        return distance, df
    packed = np.packbits(given, axis=0)
    order = np.lexsort(packed)
    changes = (packed[:, order[1:]] != packed[:, order[:-1]]).any(axis=0)
    for alike in np.split(order, np.flatnonzero(changes) + 1):
        observed = np.flatnonzero(given[:, alike[0]])
        if observed.size:
            inverse = np.linalg.inv(covariance[np.ix_(observed, observed)])
            for start in range(0, len(alike), ROWS):
                part = alike[start : start + ROWS]
                apart = codes[np.ix_(observed, part)] - mean[observed, None]
                distance[part] = (apart * (inverse @ apart)).sum(axis=0)
            df[alike] = observed.size
    return distance, df


def moments(sums: RowSums) -> tuple[Array, Array]:
    """Mean and covariance (divisor n − 1)."""
    mean = sums.sums / max(sums.n, 1)
    apart = sums.products - np.outer(sums.sums, sums.sums) / max(sums.n, 1)
    return mean, apart / max(sums.n - 1, 1)


def opposites(covariance: Array, limit: float) -> list[tuple[int, int]]:
    """Pairs of items that correlate below the limit, the strongest first, each item once."""
    spread = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = covariance / spread[:, None] / spread
    first, second = np.triu_indices(len(r), 1)
    chosen, used = [], set[int]()
    for pair in np.argsort(r[first, second]):
        a, b = int(first[pair]), int(second[pair])
        if r[a, b] < limit and not {a, b} & used:
            chosen.append((a, b))
            used |= {a, b}
    return chosen


def antonyms(codes: Codes, pairs: Sequence[tuple[int, int]]) -> Array:
    values = np.where(codes >= 0, codes, np.nan)
    first, second = (values[[pair[side] for pair in pairs]].T for side in (0, 1))
    return _correlations(first, second)
