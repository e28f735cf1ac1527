"""One place's part of what may be told in public, as a page or a sheet of paper tells it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from processing.datasets.codebook import PERCENT
from processing.effects.multiplicity import holm

from .rounding import FIFTHS, around

_ALPHA = 0.05


@dataclass(frozen=True)
class Estimated:
    """A figure of one wave with its interval, in points or percent of 0–100, and its answers.

    Everything is rounded as the feed rounds it: intervals lie about the rounded figure, so that one
    from here, another from there, and the figure tell no more of it together than it does alone.
    """

    year: int
    n: int
    value: float
    low: float
    high: float
    here: tuple[float, float] | None = None
    """The interval of who lives there now, by the place's dwellings; None where they are not known."""


@dataclass(frozen=True)
class Moved:
    """What a mean changed by since the wave before, in points, with its interval by itself."""

    value: float
    low: float
    high: float
    surely: int = 0
    """1 for a rise, -1 for a fall, 0 where it may be chance, all the place's changes considered."""
    p: float = math.nan
    """Of this change by itself, as `measures` tests it; nan where the table does not say."""


@dataclass(frozen=True)
class PlaceFigure:
    """A share of an item or the mean of a scale; what is not shown or not there is None."""

    kind: str
    """share or mean"""
    name: str
    now: Estimated
    before: Estimated | None = None
    moved: Moved | None = None
    everywhere: Estimated | None = None
    """the same over all places of the study"""


@dataclass(frozen=True)
class PlaceResults:
    """What may be told of a place in a wave. Without `answered` there is nothing to tell."""

    level: str
    unit: str
    wave: int
    year: int | None
    invited: int | None
    answered: int | None
    figures: tuple[PlaceFigure, ...]


def place_results(
    table: pd.DataFrame,
    level: str,
    unit: str,
    wave: int,
    names: Sequence[str] = (),
    *,
    counts: Collection[str] = (),
) -> PlaceResults:
    """Pick a place's figures out of `area_results`, in the order of `names`; all without them.

    Nothing is counted here: what the table hides is not there. `counts` are scales that count a few
    things, which are told in fifths; all else is whole.
    """
    shown = table[table["hidden"] == 0]
    mine = shown[(shown["level"] == level) & (shown["unit"] == unit)]
    whole = shown[(shown["level"] == "study") & (shown["wave"] == wave)]
    answered = mine[(mine["measure"] == "answered") & (mine["wave"] == wave)]
    if not len(answered):
        return PlaceResults(level, unit, wave, None, None, None, ())
    row = answered.iloc[0]
    now = mine[(mine["wave"] == wave) & mine["measure"].isin(["share", "mean"])]
    wanted = [*(names or now["name"])]
    found = [
        _figure(one, mine, whole)
        for name in wanted
        for _, one in now[now["name"] == name].iterrows()
    ]
    figures = tuple(_rounded(one, FIFTHS if one.name in counts else 1.0) for one in _surely(found))
    return PlaceResults(
        level, unit, wave, int(row["year"]), int(row["invited"]), int(row["n"]), figures
    )


def _surely(figures: Sequence[PlaceFigure]) -> list[PlaceFigure]:
    """The figures with what is more than chance among all changes that are told (Holm).

    Of so many intervals one would else leave zero out by chance. A change whose p the table does not
    tell, as one that was counted before it did, may be chance.
    """
    p = {
        place: 1.0 if math.isnan(one.moved.p) else one.moved.p
        for place, one in enumerate(figures)
        if one.moved is not None
    }
    sure = dict(zip(p, holm([*p.values()]), strict=True)) if p else {}
    return [
        replace(one, moved=replace(one.moved, surely=(1 if one.moved.value > 0 else -1)))
        if one.moved is not None and sure.get(place, 1.0) < _ALPHA
        else one
        for place, one in enumerate(figures)
    ]


def _rounded(one: PlaceFigure, parts: float) -> PlaceFigure:
    moved = one.moved
    if moved is not None:
        value, low, high = around(moved.value, moved.low, moved.high, parts)
        moved = replace(moved, value=value, low=low, high=high)
    return replace(
        one,
        now=_told(one.now, parts),
        before=one.before and _told(one.before, parts),
        moved=moved,
        everywhere=one.everywhere and _told(one.everywhere, parts),
    )


def _told(one: Estimated, parts: float) -> Estimated:
    value, low, high = around(one.value, one.low, one.high, parts)
    here = one.here and around(one.value, *one.here, parts)[1:]
    return replace(
        one, value=value, low=max(low, 0.0), high=min(high, PERCENT),
        here=here and (max(here[0], 0.0), min(here[1], PERCENT)),
    )  # fmt: skip


def _figure(row: pd.Series, mine: pd.DataFrame, whole: pd.DataFrame) -> PlaceFigure:
    same = mine[(mine["name"] == row["name"]) & (mine["measure"] == row["measure"])]
    earlier = same[same["wave"] < row["wave"]].sort_values("wave")
    before = earlier.iloc[-1] if len(earlier) else None
    changes = mine[
        (mine["measure"] == "change")
        & (mine["name"] == row["name"])
        & (mine["wave"] == row["wave"])
        & (mine["wave_before"] == (before["wave"] if before is not None else -1))
    ]
    everywhere = whole[(whole["name"] == row["name"]) & (whole["measure"] == row["measure"])]
    moved = changes.iloc[0] if len(changes) and row["measure"] == "mean" else None
    return PlaceFigure(
        kind=str(row["measure"]),
        name=str(row["name"]),
        now=_estimated(row),
        before=None if before is None else _estimated(before),
        moved=None
        if moved is None
        else Moved(
            float(moved["estimate"]),
            float(moved["low"]),
            float(moved["high"]),
            p=float(moved.get("p", math.nan)),
        ),
        everywhere=_estimated(everywhere.iloc[0])
        if len(everywhere) and row["level"] != "study"
        else None,
    )


def _estimated(row: pd.Series) -> Estimated:
    here = tuple(float(row.get(name, math.nan)) for name in ("here_low", "here_high"))
    return Estimated(
        int(row["year"]),
        int(row["n"]),
        float(row["estimate"]),
        float(row["low"]),
        float(row["high"]),
        (here[0], here[1]) if all(map(math.isfinite, here)) else None,
    )
