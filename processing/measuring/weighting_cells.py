"""Rows that weighting cannot tell apart, counted: all that calibration needs to know of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROWS = "rows"


@dataclass(frozen=True)
class CellKey:
    """Turns a row's values in `columns` into the number of its cell; -1 where there is none."""

    columns: tuple[str, ...]
    levels: tuple[pd.Index, ...]
    codes: NDArray[np.int64]  # sorted, a cell each

    def of(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        code, known = _code(frame, self.columns, self.levels)
        if not len(self.codes):
            return np.full(len(frame), -1, np.intp)
        at = np.searchsorted(self.codes, code).clip(max=len(self.codes) - 1)
        return np.where(known & (self.codes[at] == code), at, -1)


def tally(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Count the rows of each combination that occurs: `columns` and `rows`, sorted.

    The result does not grow with the rows, and tallies of parts add up with `add_tallies`.
    """
    levels = tuple(pd.Index(frame[name].dropna().unique()).sort_values() for name in columns)
    code, known = _code(frame, columns, levels)
    present, rows = np.unique(code[known], return_counts=True)
    return _decoded(present, columns, levels).assign(**{ROWS: rows})


def add_tallies(tallies: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The tally of all parts together, as if their rows had been counted at once."""
    whole = pd.concat(list(tallies), ignore_index=True)
    columns = [name for name in whole.columns if name != ROWS]
    return whole.groupby(columns, sort=True)[ROWS].sum().reset_index()


def key_of(cells: pd.DataFrame, columns: Sequence[str]) -> CellKey:
    """The key of a sorted tally's cells."""
    levels = tuple(pd.Index(cells[name].unique()).sort_values() for name in columns)
    code, _ = _code(cells, columns, levels)
    return CellKey(tuple(columns), levels, code)


def _code(
    frame: pd.DataFrame, columns: Sequence[str], levels: Sequence[pd.Index]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    code, known = np.zeros(len(frame), np.int64), np.ones(len(frame), bool)
    for name, values in zip(columns, levels, strict=True):
        at = values.get_indexer(pd.Index(frame[name]))
        known &= at >= 0
        code = code * max(len(values), 1) + np.maximum(at, 0)
    return code, known


def _decoded(
    code: NDArray[np.int64], columns: Sequence[str], levels: Sequence[pd.Index]
) -> pd.DataFrame:
    found: dict[str, pd.Index] = {}
    for name, values in zip(reversed(columns), reversed(levels), strict=True):
        code, at = np.divmod(code, max(len(values), 1))
        found[name] = values.take(at)
    return pd.DataFrame({name: found[name] for name in columns})
