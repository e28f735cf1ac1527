"""Starts of which the effects by start tell nothing, by name and with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from processing.errors import StatisticsError

from .areas_by_start import Areas, Array
from .start_cells import Against, Base, Cell, cell_of, change_of

Why = Literal["unseen", "nobody", "covariates"]
REASONS: dict[Why, str] = {
    "unseen": "none of them was seen both then and in the wave before the start",
    "nobody": "no area that was untreated then was seen in the same waves",
    "covariates": "covariates tell them from all others, so that nobody resembles them",
}


@dataclass(frozen=True)
class LeftOut:
    """Areas that start together and are in no mean of effects, or not in these waves.

    `waves` are those of the effect that lack; `whole` says that none is left.
    """

    start: float
    areas: tuple[str, ...]
    waves: tuple[float, ...]
    whole: bool
    why: Why

    def __str__(self) -> str:
        waves = "" if self.whole else f" in wave {', '.join(f'{wave:g}' for wave in self.waves)}"
        return (
            f"Left out{waves}: areas that start in wave {self.start:g} ({', '.join(self.areas)}); "
            f"{REASONS[self.why]}."
        )


def cells_and_left_out(
    panel: Areas, groups: Iterable[float], against: Against, base: Base, known: Array | None
) -> tuple[list[Cell], list[LeftOut]]:
    """All comparisons that can be made, and of each start those after it that cannot."""
    cells: list[Cell] = []
    found: list[LeftOut] = []
    for g in groups:
        first = int(np.searchsorted(panel.times, g))
        lacking: dict[Why, list[float]] = {}
        for t in range(len(panel.times)):
            why: Why = "nobody"
            try:
                cell = cell_of(panel, g, t, against, base, known)
            except StatisticsError:
                cell, why = None, "covariates"
            if cell is not None:
                cells.append(cell)
            elif t >= first:
                own = panel.starts == g
                if why == "nobody" and np.isnan(change_of(panel, t, first - 1)[own]).all():
                    why = "unseen"
                lacking.setdefault(why, []).append(float(panel.times[t]))
        areas = tuple(sorted(map(str, panel.keys[panel.starts == g])))
        after = len(panel.times) - first
        whole = sum(map(len, lacking.values())) == after
        found += [LeftOut(g, areas, tuple(waves), whole, why) for why, waves in lacking.items()]
    return cells, found


def unseen_starts(frame: pd.DataFrame, panel: Areas, area: str, start: str) -> list[LeftOut]:
    """Starts none of whose areas was seen in two waves: they are not laid out at all."""
    begun = frame.loc[frame[start].fillna(0) > panel.times[0], [area, start]].drop_duplicates()
    there = set(panel.starts)
    return [
        LeftOut(float(g), tuple(sorted(map(str, rows[area]))), (), whole=True, why="unseen")
        for g, rows in begun.groupby(start)
        if g not in there and g <= panel.times[-1]
    ]
