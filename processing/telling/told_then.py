"""What was told of cells when more people had answered, as linear programs take it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.measuring.earlier_cells import State, ToldThen

from .told_before import ToldBefore, moved, told_of

Array = NDArray[np.float64]
_APART = ["name", "cohort", "wave"]


def told_then(
    cells: pd.DataFrame,
    earlier: ToldBefore | None,
    measure: str,
    places: Mapping[Hashable, Hashable | Sequence[Hashable]],
) -> ToldThen:
    """What was told of cells, by their index, when they were of more people.

    Parameters: `cells` has name, level, unit, cohort, wave, place and n; `places` are what each place is
    added up to. A total that was told of more people than there are now was the sum of its parts of
    then: each of as many as it had in that telling, by what the memory keeps of it, and of as many as now
    where it keeps nothing: that leaves an attacker no less than the truth does.
    """
    states, shown = _states(cells, earlier, measure)
    now = dict(zip(cells.index, cells["n"].astype(float), strict=True))
    parts = _parts(cells, places) if shown else {}
    sums = [
        [(part, _then(states.get(part, []), telling, now[part])) for part in parts[total]]
        for total in parts
        for n, telling in shown.get(total, {}).items()
        if n != now[total]
    ]
    return ToldThen(sums, shown={at: [*one] for at, one in shown.items()})


def cohorts_then(
    cells: pd.DataFrame, cohorts: Mapping[Hashable, Sequence[Hashable]], earlier: ToldBefore | None
) -> ToldThen:
    """What was told of the study's cohorts when they were of more people.

    Parameters: `cells` as of `told_then`; `cohorts` gives of the whole, by its index, those who moved in
    earlier and later and last those of whom nobody knows when, who are told nowhere: all less the others.
    Where a telling of the whole says nothing of the others, whom it was the sum of adds nothing.
    """
    states, shown = _states(cells[cells["name"].notna()], earlier, "mean")
    n = dict(zip(cells.index, cells["n"].astype(float), strict=True))
    sums: list[list[State]] = []
    alone: dict[Hashable, list[float]] = {}
    for whole, (*others, rest) in cohorts.items():
        for total, telling in shown.get(whole, {}).items():
            then = [(one, _then(states.get(one, []), telling, np.nan)) for one in others]
            left = total - sum(of for _, of in then)
            if left >= n[rest] and all(of >= n[one] for one, of in then):
                sums.append([*then, (rest, left)])
                if all(of in shown.get(one, {}) for one, of in then):
                    alone.setdefault(rest, []).append(left)
    return ToldThen(sums, shown=alone)


def _states(
    cells: pd.DataFrame, earlier: ToldBefore | None, measure: str
) -> tuple[dict[Hashable, list[tuple[int, float]]], dict[Hashable, dict[float, int]]]:
    """By index of each cell: each telling that noted it and its n then, and each n shown with the first."""
    states: dict[Hashable, list[tuple[int, float]]] = {}
    shown: dict[Hashable, dict[float, int]] = {}
    history = told_of(cells, earlier, measure)
    if history is None:
        return states, shown
    rows = history.dropna(subset=["n"])[["at", "telling", "hidden", "n"]]
    for at, telling, hidden, n in rows.itertuples(index=False, name=None):
        states.setdefault(at, []).append((telling, n))
        if not hidden:
            shown.setdefault(at, {}).setdefault(n, telling)
    return states, shown


def _then(states: Sequence[tuple[int, float]], telling: int, now: float) -> float:
    """How many had answered in a part when something was told."""
    return next((n for at, n in reversed(states) if at <= telling), now)


def told_of_others(
    cells: pd.DataFrame,
    earlier: ToldBefore | None,
    places: Mapping[Hashable, Hashable | Sequence[Hashable]],
) -> NDArray[np.bool_]:
    """Shares that were told of others than are there now, and those of places that hold such a one.

    The interval of a share tells its count, so that the difference of two tellings is how many of those
    who left had said so: all five, or of any number all. A total that is told for the first time, less
    its parts as they were told, is the same difference; where some left a total and no part that was
    shown, it may have been any of the others.
    """
    left = dict(zip(cells.index, moved(cells, earlier, "share").tolist(), strict=True))
    lost = {at for at, by in left.items() if by}
    if not lost:
        return np.zeros(len(cells), bool)
    parts = _parts(cells, places)
    _, shown = _states(cells, earlier, "share")
    for total in lost & set(parts):
        hidden = [one for one in parts[total] if one not in shown]
        if left[total] != sum(left[one] for one in parts[total]):
            lost = lost.union(hidden)
    return np.array([at in lost or not lost.isdisjoint(parts.get(at, ())) for at in cells.index])


def _parts(
    cells: pd.DataFrame, places: Mapping[Hashable, Hashable | Sequence[Hashable]]
) -> dict[Hashable, list[Hashable]]:
    """Of each total, by its index, the cells that it is the sum of."""
    pairs = pd.DataFrame(
        [(child, total) for child, above in places.items() for total in _each(above)],
        columns=["place", "total"],
    )
    own = cells[["place", *_APART]].assign(part=cells.index).merge(pairs, on="place")
    totals = cells[["place", *_APART]].assign(at=cells.index).rename(columns={"place": "total"})
    found = own.merge(totals, on=["total", *_APART])
    return {at: [*one] for at, one in found.groupby("at")["part"]}


def _each(above: Hashable | Sequence[Hashable]) -> tuple[Hashable, ...]:
    return tuple(above) if isinstance(above, tuple | list) else (above,)
