"""All that measures need of a dataset's rows, summed while they stream by; parts add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .area_sums import KEYS, MIX, MIX_KEYS, SUMS, AreaSums, Points, mix_sums, score_sums
from .calibration import Array, Ids
from .margin_regression import MarginRegression, MarginSums
from .overlap import OVERLAP, Answered
from .spot_keys import SpotKeys


@dataclass(frozen=True)
class Coded:
    """A stretch of rows with a weight: numbers of their spot, cohort, mode, language and cell."""

    spot: Ids
    cohort: Ids
    mode: Ids
    language: Ids
    cell: Ids | None
    w: Array
    person: np.ndarray  # uint64, 0 where nobody is followed
    scores: Array  # (scales, rows)


class RunningSums:
    """Sums of rows by spot, cohort, mode and language, the margins' sums, and who answered twice."""

    def __init__(
        self,
        keys: SpotKeys,
        scales: Sequence[str],
        points: Sequence[Points],
        regression: MarginRegression | None,
    ) -> None:
        self.keys, self.scales, self.points = keys, tuple(scales), tuple(points)
        size, count = keys.spots, len(self.scales)
        self.sums = np.zeros((count, len(SUMS), size * len(keys.cohorts)))
        self.mix = np.zeros((count, len(MIX), size * len(keys.modes) * len(keys.languages)))
        self.drawn = np.zeros(size)
        self.margins = MarginSums(regression, keys, self.scales) if regression else None
        self.answered = Answered(keys, self.scales)

    def add(self, rows: Coded) -> None:
        keys = self.keys
        self.drawn += np.bincount(rows.spot, minlength=keys.spots)
        key = rows.spot * len(keys.cohorts) + rows.cohort
        mixed = (rows.spot * len(keys.modes) + rows.mode) * len(keys.languages) + rows.language
        if self.margins is not None and rows.cell is not None:
            self.margins.add_rows(rows.cell, rows.spot, rows.w)
        for at, y in enumerate(rows.scores):
            has = ~np.isnan(y)
            y, w = y[has], rows.w[has]  # noqa: PLW2901  # those who have the score
            self.sums[at] += score_sums(key[has], self.sums.shape[2], w, y, self.points[at])
            self.mix[at] += mix_sums(mixed[has], self.mix.shape[2], w, y)
            if self.margins is not None and rows.cell is not None:
                self.margins.add_scores(at, rows.cell[has], key[has], w, y)
        self.answered.add(rows.person, rows.spot, rows.cohort, rows.w, rows.scores)

    def __add__(self, other: RunningSums) -> RunningSums:
        """Takes the other's in; parts are not used afterwards."""
        self.sums += other.sums
        self.mix += other.mix
        self.drawn += other.drawn
        if self.margins is not None and other.margins is not None:
            self.margins.take(other.margins)
        self.answered.take(other.answered)
        return self

    def area_sums(self) -> AreaSums:
        """The same as frames, a row for each cell that somebody answered."""
        keys = self.keys
        drawn = keys.names().assign(rows=self.drawn)
        return AreaSums(
            self._frame(self.sums, KEYS, SUMS, (keys.cohorts,)),
            self._frame(self.mix, MIX_KEYS, MIX, (keys.modes, keys.languages)),
            drawn[drawn["rows"] > 0].reset_index(drop=True),
        )

    def _frame(
        self,
        sums: Array,
        by: Sequence[str],
        names: Sequence[str],
        inner: tuple[pd.Index, ...],
    ) -> pd.DataFrame:
        keys = self.keys
        levels = (keys.areas, keys.waves, *inner)
        parts = []
        for scale, own in zip(self.scales, sums, strict=True):
            used = np.flatnonzero(own[0] > 0)
            places = np.unravel_index(used, [len(level) for level in levels])
            named = {
                key: level.take(place) for key, level, place in zip(by, levels, places, strict=True)
            }
            parts.append(
                pd.DataFrame(named).assign(
                    scale=scale, **dict(zip(names, own[:, used], strict=True))
                )
            )
        return pd.concat(parts, ignore_index=True)

    def overlap(self) -> pd.DataFrame:
        """As `overlap.overlap` has it."""
        return self.answered.pairs() if len(self.keys.waves) > 1 else _no_pairs()


def _no_pairs() -> pd.DataFrame:
    return pd.DataFrame(
        columns=["scale", "wave_1", "area_1", "wave_2", "area_2", "cohort", *OVERLAP]
    )
