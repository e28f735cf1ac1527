"""Areas over waves, laid out by when their plans start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, StatisticsError, stop_if_any

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Areas:
    """Outcomes of n areas over T waves, nan where an area was not seen."""

    keys: pd.Index
    wide: Array  # (n, T)
    starts: Array  # (n,), inf for never
    sizes: Array  # (n,)
    times: Array  # (T,)

    @property
    def never(self) -> NDArray[np.bool_]:
        return ~np.isfinite(self.starts)


def lay_out(
    frame: pd.DataFrame, outcome: str, start: str, area: str, wave: str, weights: str | None
) -> Areas:
    columns = list(dict.fromkeys([outcome, start, area, wave, *([weights] if weights else [])]))
    stop_if_any(
        [
            Problem(name, "the frame has no such column", "Name one that it has")
            for name in columns
            if name not in frame.columns
        ]
    )
    twice = frame.duplicated([area, wave])
    if twice.any():
        first = frame.loc[twice, [area, wave]].iloc[0]
        raise StatisticsError(
            Problem(
                f"{area} {first.iloc[0]}, {wave} {first.iloc[1]}",
                "there is more than one row",
                "Give one row an area and wave: the area's mean",
            )
        )
    wide = frame.set_index([area, wave])[outcome].unstack().sort_index(axis=1)  # noqa: PD010  # wanted: a row twice is refused above
    wide = wide[wide.notna().sum(axis=1) > 1]
    by_area = frame.groupby(area)
    pairs = frame[[area, start]].drop_duplicates()
    if pairs.duplicated(area).any():
        raise StatisticsError(
            Problem(
                f"{area} {pairs.loc[pairs.duplicated(area), area].iloc[0]}",
                f"{start} changes over waves",
                "An area starts once",
            )
        )
    starts = by_area[start].first().reindex(wide.index).astype(float).to_numpy()
    starts = np.where(np.isnan(starts) | (starts <= 0), np.inf, starts)
    times = wide.columns.to_numpy(float)
    starts = np.where(starts > times[-1], np.inf, starts)
    kept = starts > times[0]
    sizes = (
        by_area[weights].mean().reindex(wide.index).to_numpy(float)
        if weights
        else np.ones(len(wide))
    )
    return Areas(wide.index[kept], wide.to_numpy(float)[kept], starts[kept], sizes[kept], times)


def laid_out(
    frame: pd.DataFrame,
    names: Sequence[str],
    panel: Areas,
    area: str,
    wave: str,
    *,
    blank: bool = False,
) -> Array | None:
    """(areas, names, waves) in the order of `lay_out`; None where there are none."""
    if not names:
        return None
    stop_if_any(
        Problem(name, "the frame has no such column, or it is empty in places", "Fill it")
        for name in names
        if name not in frame.columns or (not blank and frame[name].isna().any())
    )
    indexed = frame.set_index([area, wave])
    return np.stack(
        [
            indexed[name].unstack().reindex(panel.keys).reindex(columns=panel.times).to_numpy(float)  # noqa: PD010
            for name in names
        ],
        axis=1,
    )
