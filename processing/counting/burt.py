"""Count every category of every item by every other, a stretch of rows at a time."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from processing.small_matrices import on_one_core

from .answers import Codes

ROWS_AS_BITS = 2**16
"""Rows counted at a time: few enough that their bits stay in the processor's cache."""

ROWS_AS_NUMBERS = 2**14
"""The same where every row carries a weight and takes eight bytes a category."""

FEW_CODES = 32

MANY_STRETCHES = 4
"""From so many on it pays to start threads."""

CodesFound: TypeAlias = tuple[tuple[int, ...], ...]
"""Per item, the codes that occur, ascending."""


def codes_found(codes: Codes) -> CodesFound:
    """Which codes occur in each item."""
    return tuple(tuple(_codes_of(answers)) for answers in codes)


def _codes_of(answers: NDArray[np.int8]) -> list[int]:
    if not answers.size:
        return []
    low, high = int(answers.min()), int(answers.max())
    # Comparing bytes is so much faster than counting them that it pays for every usual scale.
    if high - low < FEW_CODES:
        return [code for code in range(low, high + 1) if (answers == code).any()]
    occurring = np.flatnonzero(np.bincount(answers.view(np.uint8), minlength=256))
    return sorted(occurring.astype(np.uint8).view(np.int8).tolist())


def categories(found: CodesFound) -> list[tuple[int, int]]:
    """(position of the item, code) for each row of a table."""
    return [(item, code) for item, seen in enumerate(found) for code in seen]


def burt_table(
    codes: Codes, found: CodesFound, weights: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """(categories, categories): rows with both categories, or the sums of their weights."""
    if weights is None:
        counted = _on_all_cores(
            lambda rows: _by_bits(codes[:, rows], found), _stretches(codes, ROWS_AS_BITS)
        )
    else:
        # A stretch a core, for threads inside a product wait for one another: on a machine with
        # other work to do they took twenty times as long.
        with on_one_core():
            counted = _on_all_cores(
                lambda rows: _by_weights(codes[:, rows], found, weights[rows]),
                _stretches(codes, ROWS_AS_NUMBERS),
            )
    counted = np.triu(counted) + np.triu(counted, 1).T
    spread = _from_packed(found)
    table = spread @ counted @ spread.T
    if weights is not None:
        # What is left over by subtraction is zero but for rounding where no row has both.
        table[np.abs(table) < 1e-11 * counted[0, 0]] = 0
    return np.asarray(table)


def _stretches(codes: Codes, at_a_time: int) -> list[slice]:
    starts = range(0, max(codes.shape[1], 1), at_a_time)
    return [slice(start, start + at_a_time) for start in starts]


def _on_all_cores(
    tally: Callable[[slice], NDArray[np.float64]], stretches: list[slice]
) -> NDArray[np.float64]:
    if len(stretches) < MANY_STRETCHES:
        return np.asarray(sum(map(tally, stretches)))
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        return np.asarray(sum(cores.map(tally, stretches)))


def _packed(found: CodesFound) -> list[tuple[int, int]]:
    """All categories but the last of each item, which is what the others leave over."""
    return categories(tuple(seen[:-1] for seen in found))


def _by_bits(codes: Codes, found: CodesFound) -> NDArray[np.float64]:
    """Pack each category's rows into bits; the rows with two categories are the bits of `A & B`."""
    packed = _packed(found)
    bits = np.zeros((len(packed), -(-codes.shape[1] // 64) * 8), dtype=np.uint8)
    for row, (item, code) in enumerate(packed):
        line = np.packbits(codes[item] == code)
        bits[row, : line.size] = line
    words = bits.view(np.uint64)
    both, ones = np.empty_like(words), np.empty(words.shape, dtype=np.uint8)
    counted = np.zeros((1 + len(packed), 1 + len(packed)))
    for row in range(len(packed)):
        left = len(packed) - row
        np.bitwise_and(words[row:], words[row], out=both[:left])
        np.bitwise_count(both[:left], out=ones[:left])
        counted[1 + row, 1 + row :] = ones[:left].sum(axis=1, dtype=np.uint32)
    counted[0, 0] = codes.shape[1]
    counted[0, 1:] = np.diag(counted)[1:]
    return counted


def _by_weights(
    codes: Codes, found: CodesFound, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    root = np.sqrt(weights)
    shares = np.empty((1 + len(_packed(found)), root.size))
    shares[0] = root
    row = 1
    for answers, seen in zip(codes, found, strict=True):
        kept = np.array(seen[:-1], dtype=np.int8)[:, None]
        np.multiply(answers == kept, root, out=shares[row : row + len(kept)])
        row += len(kept)
    return np.asarray(shares @ shares.T)


def _from_packed(found: CodesFound) -> NDArray[np.float64]:
    """(categories, 1 + packed): each category as a sum of all rows (column 0) and packed ones."""
    spread = np.zeros((len(categories(found)), 1 + len(_packed(found))))
    row, column = 0, 1
    for inner in (len(seen) - 1 for seen in found if seen):
        spread[row : row + inner, column : column + inner] = np.eye(inner)
        spread[row + inner, 0] = 1
        spread[row + inner, column : column + inner] = -1
        row, column = row + inner + 1, column + inner
    return spread
