"""Sums by area, wave, stayers and mode, from which every area's measures are read.

They add up: pieces of a file, partitions and workers each make their own, and together they are
those of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, stop_if_any

Array = NDArray[np.float64]

KEYS = ("area", "wave", "cohort", "mode")
SUMS = ("n", "w", "ww", "wy", "wyy", "wwy", "wwyy", "below", "wwbelow", "above", "wwabove")
"""With w a weight, y a score: how many, Σw, Σw², Σwy, Σwy², Σw²y, Σw²y², and Σw, Σw² of the rows
below and above the set points."""


@dataclass(frozen=True)
class Points:
    """Scores below `low` and above `high` are counted, on the score's own 0–100."""

    low: float = 40.0
    high: float = 60.0


@dataclass(frozen=True)
class AreaSums:
    """`frame` has a row for each scale and cell that somebody answered: scale, `KEYS`, `SUMS`."""

    frame: pd.DataFrame

    def __add__(self, other: AreaSums) -> AreaSums:
        both = pd.concat([self.frame, other.frame], ignore_index=True)
        return AreaSums(_added(both, ["scale", *KEYS]))


def area_sums(
    rows: pd.DataFrame,
    scores: Sequence[str],
    *,
    weight: str | None = None,
    points: Mapping[str, Points] | None = None,
) -> AreaSums:
    """Sum a frame of persons.

    `rows` has `area` and `wave`, and where they are known `cohort` (stayer or newcomer) and `mode`;
    the columns named in `scores` hold scores, NaN where there is none; `weight` is above zero or,
    for rows that have none, as those of an open link, NaN: they are left out. Raises
    StatisticsError.
    """
    stop_if_any(_problems(rows, scores, weight))
    if weight:
        rows = rows[rows[weight].notna()]
    w = rows[weight].to_numpy(float) if weight else np.ones(len(rows))
    keys, cells = _cells(rows)
    found = []
    for name in scores:
        y = rows[name].to_numpy(float)
        has = ~np.isnan(y)
        limits = (points or {}).get(name, Points())
        sums = _sums(keys[has], len(cells), w[has], y[has], limits)
        kept = sums["n"] > 0
        found.append(cells[kept].assign(scale=name, **{k: v[kept] for k, v in sums.items()}))
    whole = pd.concat(found, ignore_index=True)
    return AreaSums(_added(whole, ["scale", *KEYS]))


def _sums(
    keys: NDArray[np.intp], size: int, w: Array, y: Array, points: Points
) -> dict[str, Array]:
    def total(values: Array) -> Array:
        return np.bincount(keys, values, size).astype(np.float64)

    ww, wy = w * w, w * y
    low, high = y < points.low, y > points.high
    return {
        "n": np.bincount(keys, minlength=size).astype(float),
        "w": total(w),
        "ww": total(ww),
        "wy": total(wy),
        "wyy": total(wy * y),
        "wwy": total(w * wy),
        "wwyy": total(wy * wy),
        "below": total(w * low),
        "wwbelow": total(ww * low),
        "above": total(w * high),
        "wwabove": total(ww * high),
    }


def _cells(rows: pd.DataFrame) -> tuple[NDArray[np.intp], pd.DataFrame]:
    """Each row's cell, and the cells."""
    parts: list[NDArray[np.intp]] = []
    names: list[pd.Index] = []
    for key in KEYS:
        column = rows[key] if key in rows else pd.Series("", rows.index)
        codes, values = pd.factorize(column.astype(object).where(column.notna(), ""), sort=False)
        parts.append(codes)
        names.append(pd.Index(values))
    sizes = [max(len(values), 1) for values in names]
    flat = np.ravel_multi_index(parts, sizes) if len(rows) else np.zeros(0, np.intp)
    used, keys = np.unique(flat, return_inverse=True)
    places = np.unravel_index(used, sizes)
    cells = {
        key: values.take(place) for key, values, place in zip(KEYS, names, places, strict=True)
    }
    return keys.astype(np.intp), pd.DataFrame(cells)


def _added(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return frame.groupby(keys, sort=True, as_index=False)[list(SUMS)].sum()


def _problems(rows: pd.DataFrame, scores: Sequence[str], weight: str | None) -> list[Problem]:
    wanted = ["area", "wave", *scores, *([weight] if weight else [])]
    found = [
        Problem(name, "the frame has no such column", "Give it, or name another")
        for name in wanted
        if name not in rows
    ]
    if found:
        return found
    for name in [*scores, *([weight] if weight else [])]:
        if not pd.api.types.is_numeric_dtype(rows[name]):
            found.append(Problem(name, f"it holds {rows[name].dtype}", "Give numbers"))
        elif np.isinf(rows[name].to_numpy(float)).any():
            found.append(Problem(name, "it holds a number without end", "Leave such rows out"))
    if not found and weight and (rows[weight] <= 0).any():
        at = rows.index[rows[weight] <= 0][0]
        found.append(
            Problem(
                f"{weight}, row {at}",
                "a weight is not above zero",
                "Leave the row empty where it has no selection probability",
            )
        )
    return found
