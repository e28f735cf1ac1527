"""How sure thresholds and polychoric correlations are: their asymptotic covariance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk, ssyrk
from scipy.special import ndtr

from processing.counting.answers import Codes
from processing.counting.counts import Counts

from .polychorics import Polychoric, cell_probabilities, padded, pair_tables

Array: TypeAlias = NDArray[np.float64]

ROWS = 2**13
"""Rows looked up at a time; each takes four bytes a statistic."""


@dataclass(frozen=True)
class Influence:
    """What one row's answers do to each estimate, times the number of rows.

    A threshold is moved by one answer, a correlation by two: tables say by how much, and the rows
    only look up.
    """

    of_answer: tuple[Array, ...]
    """Per item (thresholds, answers)."""
    of_pair: Array
    """(pairs, K, K); pairs run (0, 1), (0, 2), ..., (1, 2), ..."""


def influence(found: Polychoric, counts: Counts) -> Influence:
    """Influence on two-step estimates (Muthen 1984; Olsson 1979).

    A threshold moves as the cumulative share below it does. A correlation moves with the slope of
    its own likelihood, less what the thresholds take along: their part is weighed, as in lavaan, by
    mean products of the scores of threshold and correlation over the pair's table.
    """
    tables, first, second = pair_tables(counts)
    cuts = padded(found.thresholds)
    x, y = cuts[first], cuts[second]
    r = found.correlation[first, second]
    cells, slope = cell_probabilities(x, y, r)
    n = tables.sum(axis=(1, 2))
    score = np.where(tables > 0, slope / cells, 0.0)
    share = tables / n[:, None, None]
    own = (share * score**2).sum(axis=(1, 2))
    of_answer = tuple(_answer_influence(part) for part in found.thresholds)
    width = tables.shape[1]
    spread = np.zeros((len(cuts), cuts.shape[1], width))
    for item, table in enumerate(of_answer):
        spread[item, : table.shape[0], : table.shape[1]] = table
    weight = share * score / cells
    taken = (
        np.einsum("pc,pca->pa", _crossed(weight, _edge_slope(x, y, r)), spread[first]),
        np.einsum(
            "pc,pca->pa",
            _crossed(weight.transpose(0, 2, 1), _edge_slope(y, x, r)),
            spread[second],
        ),
    )
    moved = score - taken[0][:, :, None] - taken[1][:, None, :]
    return Influence(of_answer, moved / own[:, None, None])


def _answer_influence(thresholds: Array) -> Array:
    """(thresholds, answers) (1[answer below threshold] - Phi(tau)) / phi(tau)."""
    below = np.tri(len(thresholds), len(thresholds) + 1)
    density = np.exp(-(thresholds**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray((below - ndtr(thresholds)[:, None]) / density[:, None])


def _edge_slope(x: Array, y: Array, r: Array) -> Array:
    """(pairs, thresholds of x, K): how fast a cell of y's answers grows with a threshold of x."""
    root = np.sqrt(1 - r**2)[:, None, None]
    below = ndtr((y[:, None, :] - r[:, None, None] * x[:, :, None]) / root)
    ends = np.zeros((*below.shape[:2], 1))
    steps = np.diff(np.concatenate([ends, below, ends + 1], axis=2), axis=2)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(density[:, :, None] * steps)


def _crossed(weight: Array, edge: Array) -> Array:
    """(pairs, thresholds of x) mean product of the scores of a correlation and a threshold."""
    return np.asarray((edge * (weight[:, :-1] - weight[:, 1:])).sum(axis=2))


def asymptotic_covariance(found: Polychoric, counts: Counts, codes: Codes) -> Array:
    """(d, d) covariance of sqrt(n) times (thresholds by item, then correlations by pair).

    `codes` are the complete rows that were counted, (items, rows).
    """
    products = casewise_products(influence(found, counts), found.codes, codes)
    return np.asarray(products / codes.shape[1])


def casewise_products(
    moved: Influence,
    answers: Sequence[Sequence[int]],
    codes: Codes,
    frequency: Array | None = None,
) -> Array:
    """(d, d) sum over complete rows of the products of their influences; parts add up.

    `answers` are those that each item may have, ascending. `frequency` tells how many rows each
    column of `codes` stands for, by default one. Where there are fewer possible rows than rows,
    equal ones are taken together, and no digit is lost.
    """
    if frequency is None:
        cells = np.prod([float(len(seen)) for seen in answers])
        if cells > codes.shape[1]:
            return _products_of_many(moved, answers, codes)
        codes, frequency = _taken_together(answers, codes)
    size = sum(len(part) for part in moved.of_answer) + len(moved.of_pair)
    total: Array = np.zeros((size, size))
    start = 0
    for places in _places(answers, codes):
        rows = np.empty((places.shape[1], size), order="F")
        _look_up(moved, places, rows)
        rows *= np.sqrt(frequency[start : start + len(rows), None])
        total += np.asarray(dsyrk(1.0, rows, trans=1))
        start += len(rows)
    return np.asarray(np.triu(total) + np.triu(total, 1).T)


def _taken_together(answers: Sequence[Sequence[int]], codes: Codes) -> tuple[Codes, Array]:
    """The different columns of codes, and how often each occurs."""
    widths = [len(seen) for seen in answers]
    counted = np.zeros(int(np.prod(widths)), dtype=np.int64)
    for places in _places(answers, codes):
        cell = np.ravel_multi_index(tuple(places), widths)
        counted += np.bincount(cell, minlength=len(counted))
    occurring = np.flatnonzero(counted)
    different = [
        np.array(seen, dtype=np.int8)[place]
        for seen, place in zip(answers, np.unravel_index(occurring, widths), strict=True)
    ]
    return np.array(different), counted[occurring].astype(np.float64)


def _products_of_many(moved: Influence, answers: Sequence[Sequence[int]], codes: Codes) -> Array:
    size = sum(len(part) for part in moved.of_answer) + len(moved.of_pair)
    total: Array = np.zeros((size, size))
    room = np.empty((ROWS, size), dtype=np.float32, order="F")
    for places in _places(answers, codes):
        rows = room[: places.shape[1]]
        _look_up(moved, places, rows)
        # Single precision within a chunk, double between chunks: six digits, at half the time.
        total += np.asarray(ssyrk(1.0, np.asfortranarray(rows), trans=1), dtype=np.float64)
    return np.asarray(np.triu(total) + np.triu(total, 1).T)


def _places(answers: Sequence[Sequence[int]], codes: Codes) -> Iterator[NDArray[np.intp]]:
    """(items, some rows): each answer as its place among the item's answers."""
    places = np.zeros((len(codes), 256), dtype=np.intp)
    for item, seen in enumerate(answers):
        places[item, np.array(seen, dtype=np.uint8)] = np.arange(len(seen))
    for start in range(0, codes.shape[1], ROWS):
        chunk = codes[:, start : start + ROWS].view(np.uint8)
        yield np.array([row[part] for row, part in zip(places, chunk, strict=True)])


def _look_up(moved: Influence, places: NDArray[np.intp], rows: NDArray[np.floating[Any]]) -> None:
    """Fill (rows, d) with each row's influence on each estimate."""
    column = 0
    for item, lines in enumerate(moved.of_answer):
        for line in lines.astype(rows.dtype):
            np.take(line, places[item], out=rows[:, column], mode="clip")
            column += 1
    tables = moved.of_pair.astype(rows.dtype).reshape(len(moved.of_pair), -1)
    first, second = np.triu_indices(len(places), 1)
    offset = places * moved.of_pair.shape[1]
    for table, i, j in zip(tables, first, second, strict=True):
        np.take(table, offset[i] + places[j], out=rows[:, column], mode="clip")
        column += 1
