"""Sums by area, wave and stayers, from which every area's measures are read.

They add up: pieces of a file, partitions and workers each make their own, and together they are
those of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, stop_if_any

Array = NDArray[np.float64]
Ids = NDArray[np.intp]

KEYS = ("area", "wave", "cohort")
MIX_KEYS = ("area", "wave", "mode", "language")
SUMS = ("n", "w", "ww", "wy", "wyy", "wwy", "wwyy", "below", "wwbelow", "above", "wwabove")
"""With w a weight, y a score: how many, Σw, Σw², Σwy, Σwy², Σw²y, Σw²y², and Σw, Σw² of the rows
below and above the set points."""
MIX = ("n", "w", "wy")


@dataclass(frozen=True)
class Points:
    """Scores below `low` and above `high` are counted, on the score's own 0–100."""

    low: float = 40.0
    high: float = 60.0

    def up_to(self, highest: float) -> Points:
        """The same parts of a scale that goes to `highest`, as a count does."""
        return Points(self.low * highest / 100, self.high * highest / 100)


@dataclass(frozen=True)
class AreaSums:
    """Sums of persons.

    `frame` has a row for each scale and cell that somebody answered: scale, `KEYS`, `SUMS`. `mix`
    has scale, `MIX_KEYS`, `MIX`. `drawn` has area, wave and rows: all with a weight, whatever they
    answered.
    """

    frame: pd.DataFrame
    mix: pd.DataFrame = field(repr=False)
    drawn: pd.DataFrame = field(repr=False)

    def __add__(self, other: AreaSums) -> AreaSums:
        return AreaSums(
            _added([self.frame, other.frame], ["scale", *KEYS]),
            _added([self.mix, other.mix], ["scale", *MIX_KEYS]),
            _added([self.drawn, other.drawn], ["area", "wave"]),
        )


def area_sums(
    rows: pd.DataFrame,
    scores: Sequence[str],
    *,
    weight: str | None = None,
    points: Mapping[str, Points] | None = None,
) -> AreaSums:
    """Sum a frame of persons.

    `rows` has `area` and `wave`, and where they are known `cohort` (stayer or newcomer), `mode` and
    `language`; the columns named in `scores` hold scores, NaN where there is none; `weight` is above
    zero or, for rows that have none, as those of an open link, NaN: they are left out. Raises
    StatisticsError.
    """
    stop_if_any(_problems(rows, scores, weight))
    if weight:
        rows = rows[rows[weight].notna()]
    w = rows[weight].to_numpy(float) if weight else np.ones(len(rows))
    keys, cells = _cells(rows, KEYS)
    mixed, mix_cells = _cells(rows, MIX_KEYS)
    found, mixes = [], []
    for name in scores:
        y = rows[name].to_numpy(float)
        has = ~np.isnan(y)
        limits = (points or {}).get(name, Points())
        sums = score_sums(keys[has], len(cells), w[has], y[has], limits)
        found.append(_kept(cells, sums, SUMS).assign(scale=name))
        mixes.append(
            _kept(mix_cells, mix_sums(mixed[has], len(mix_cells), w[has], y[has]), MIX).assign(
                scale=name
            )
        )
    drawn = rows.groupby(["area", "wave"], as_index=False).size()
    return AreaSums(
        _added(found, ["scale", *KEYS]),
        _added(mixes, ["scale", *MIX_KEYS]),
        drawn.rename(columns={"size": "rows"}),
    )


def score_sums(keys: Ids, size: int, w: Array, y: Array, points: Points) -> Array:
    """(SUMS, size) sums of the rows that stand at each key."""
    ww, wy = w * w, w * y
    low, high = y < points.low, y > points.high
    parts = (
        np.ones(len(w)), w, ww, wy, wy * y, w * wy, wy * wy, w * low, ww * low, w * high, ww * high,
    )  # fmt: skip
    return np.array([np.bincount(keys, part, size) for part in parts], np.float64)


def mix_sums(keys: Ids, size: int, w: Array, y: Array) -> Array:
    """(MIX, size)."""
    parts = (np.ones(len(w)), w, w * y)
    return np.array([np.bincount(keys, part, size) for part in parts], np.float64)


def _kept(cells: pd.DataFrame, sums: Array, names: Sequence[str]) -> pd.DataFrame:
    kept = sums[0] > 0
    told: pd.DataFrame = cells[kept].assign(**dict(zip(names, sums[:, kept], strict=True)))
    return told


def _cells(rows: pd.DataFrame, by: Sequence[str]) -> tuple[Ids, pd.DataFrame]:
    """Each row's cell, and the cells."""
    parts: list[Ids] = []
    names: list[pd.Index] = []
    for key in by:
        column = rows[key] if key in rows else pd.Series("", rows.index)
        codes, values = pd.factorize(column.astype(object).where(column.notna(), ""), sort=False)
        parts.append(codes)
        names.append(pd.Index(values))
    sizes = [max(len(values), 1) for values in names]
    flat = np.ravel_multi_index(parts, sizes) if len(rows) else np.zeros(0, np.intp)
    used, keys = np.unique(flat, return_inverse=True)
    places = np.unravel_index(used, sizes)
    cells = {key: values.take(place) for key, values, place in zip(by, names, places, strict=True)}
    return keys.astype(np.intp), pd.DataFrame(cells)


def _added(frames: Sequence[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    whole = pd.concat(frames, ignore_index=True)
    return pd.DataFrame(whole.groupby(keys, sort=True, as_index=False).sum())


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
