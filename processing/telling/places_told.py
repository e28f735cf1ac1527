"""Places as published tables name them, and what adds up to what."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PAGES = (("place", "wave"), ("place",))
"""What is read together: a place in a wave, and the place in all its waves."""


def places_of(frame: pd.DataFrame) -> pd.Series:
    """A name for each row's place, by level, unit and wave: what a plan or group holds is dated."""
    place = frame["level"] + ":" + frame["unit"].astype(str)
    dated: pd.Series = place.where(
        frame["level"] == "afdeling", place + "@" + frame["wave"].astype(str)
    )
    return dated


def adds_up(units: pd.DataFrame) -> dict[Hashable, Hashable | Sequence[Hashable]]:
    """What each afdeling is added up to: its boligområder and plans, and the study, wave by wave."""
    named = units.assign(place=places_of(units))
    own = named[named["level"] == "afdeling"][["wave", "area", "place"]]
    others = named[named["level"] != "afdeling"][["wave", "area", "place"]]
    pairs = own.merge(others, on=["wave", "area"], suffixes=("", "_of"))[["place", "place_of"]]
    return {place: tuple(sorted(set(group))) for place, group in pairs.groupby("place")["place_of"]}


def silent_in(rows: pd.DataFrame, response: pd.DataFrame | None) -> NDArray[np.bool_]:
    """Rows of a place and wave of which `response` tells nothing, for few answered or nearly all did.

    Where nobody knows how many were invited in a wave (`response` has no row of it, or is None), none
    of it is.
    """
    if response is None or not len(response):
        return np.zeros(len(rows), bool)
    keys = ["level", "unit", "wave"]
    counted = rows["wave"].astype(int).isin(response["wave"].astype(int)).to_numpy()
    shown = response.loc[response["hidden"] == 0, keys].astype({"wave": int})
    told = pd.MultiIndex.from_frame(rows[keys].astype({"wave": int}))
    return counted & ~np.asarray(told.isin(pd.MultiIndex.from_frame(shown)))


def torn(
    whole: pd.DataFrame, parents: Mapping[Hashable, Hashable | Sequence[Hashable]]
) -> set[str]:
    """Plans and groups that hold a part of a merged afdeling alone, by scale, place, wave and n.

    Less its whole afdelinger such a total is that part, which is told of nowhere: it is hidden.
    """
    pairs = pd.DataFrame(
        [(child, total) for child, above in parents.items() for total in _each(above)],
        columns=["place", "total"],
    )
    keys = ["scale", "total", "wave"]
    parts = whole[["scale", "place", "wave", "n"]].merge(pairs, on="place")
    sums = pd.DataFrame(parts.groupby(keys, as_index=False)["n"].sum())
    sums = sums.rename(columns={"total": "place"})
    both = whole.merge(sums, on=["scale", "place", "wave"], suffixes=("", "_of_parts"))
    return set(both.loc[both["n"] != both["n_of_parts"], "place"])


def _each(above: Hashable | Sequence[Hashable]) -> tuple[Hashable, ...]:
    return tuple(above) if isinstance(above, tuple | list) else (above,)
