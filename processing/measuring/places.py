"""Which areas make up an afdeling over time, a boligområde, a plan or the study, wave by wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from processing.errors import Problem, StatisticsError

UNITS = ("level", "unit", "wave", "area")


def places(tables: Mapping[str, pd.DataFrame], days: Mapping[int, str]) -> pd.DataFrame:
    """A row for each unit, wave and area in it: level, unit, wave, area.

    `tables` are those of a frozen dataset (`areas`, `area_succession`, `area_group`, `area_plan`),
    which may be empty; `days` gives each wave's day as ISO text, on which memberships are looked
    up. Levels are `afdeling`, each group's own level (as boligområde), `plan` and `study`.

    Areas that merged or split are followed through `area_succession`: all that are tied by it,
    before and after, are one unit, since what was asked of one half cannot be told from the other.
    It bears the key of its latest area, or their keys joined by +. An area may lie in many groups
    and plans at once. A plan that has not begun yet is there with the areas that it covers first, so
    that it has a before; `plans_in_force` tells which have begun. Raises StatisticsError where an area that answered is not in `areas`.
    """
    lineage = _lineages(tables)
    rows: list[pd.DataFrame] = []
    areas = tables["areas"]["area"].astype(str)
    for wave, day in sorted(days.items()):
        every = pd.DataFrame({"area": areas})
        rows.append(every.assign(level="afdeling", unit=areas.map(lambda a: lineage.get(a, a))))
        rows.append(every.assign(level="study", unit="study"))
        groups = _on(tables.get("area_group"), day)
        if groups is not None and len(groups):
            rows.append(
                pd.DataFrame(
                    {
                        "area": groups["area"].astype(str),
                        "level": groups["level"].fillna("group"),
                        "unit": groups["area_group"].astype(str),
                    }
                )
            )
        for part in rows:
            if "wave" not in part:
                part["wave"] = wave
    covered = plans_in_force(tables.get("area_plan"), days)
    both = pd.concat([covered, _before(covered, days)], ignore_index=True)
    rows.append(both.rename(columns={"plan": "unit"}).assign(level="plan"))
    whole = pd.concat(rows, ignore_index=True)[list(UNITS)]
    return whole.drop_duplicates().sort_values(list(UNITS), ignore_index=True)


def plans_in_force(area_plan: pd.DataFrame | None, days: Mapping[int, str]) -> pd.DataFrame:
    """A row for each wave, plan and area that the plan covers on the wave's day: wave, plan, area."""
    there = [
        table[["plan", "area"]].astype(str).assign(wave=wave)
        for wave, day in sorted(days.items())
        if (table := _on(area_plan, day)) is not None
    ]
    columns = ["wave", "plan", "area"]
    return pd.concat(there)[columns] if there else pd.DataFrame(columns=columns)


def _before(covered: pd.DataFrame, days: Mapping[int, str]) -> pd.DataFrame:
    """The areas that each plan covers in its first wave, in the waves before that one."""
    first = covered.groupby("plan")["wave"].transform("min")
    begins = covered[covered["wave"] == first].rename(columns={"wave": "first"})
    waves = pd.DataFrame({"wave": sorted(days)})
    every = begins.merge(waves, how="cross")
    return every.loc[every["wave"] < every["first"], ["wave", "plan", "area"]]


def must_know(units: pd.DataFrame, areas: pd.Series) -> None:
    """Raise StatisticsError where an area that answered is in no unit."""
    unknown = sorted(set(areas.astype(str)) - set(units["area"]) - {""})
    if unknown:
        raise StatisticsError(
            Problem(
                f"area {', '.join(unknown[:5])}",
                f"{len(unknown)} areas have answers but are not among the dataset's areas",
                "Add them to the table `areas`",
            )
        )


def _on(table: pd.DataFrame | None, day: str) -> pd.DataFrame | None:
    """The rows that hold on a day; an open end holds for ever."""
    if table is None:
        return None
    since = table["valid_from"].fillna("0000-00-00").astype(str)
    until = table["valid_to"].fillna("9999-99-99").astype(str)
    return table[(since <= day) & (day <= until)]


def _lineages(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Area -> the name of all that it is tied to by merging and splitting."""
    table = tables.get("area_succession")
    if table is None or not len(table):
        return {}
    tied = Tied()
    ended = set(table["from_area"].astype(str))
    for pair in table[["from_area", "to_area"]].astype(str).itertuples(index=False, name=None):
        tied.tie(pair)
    return {
        area: "+".join(sorted(set(group) - ended) or sorted(group))
        for group in tied.groups()
        for area in group
    }


class Tied:
    """Keys that are tied to one another, directly or over others."""

    def __init__(self) -> None:
        self._root: dict[str, str] = {}

    def tie(self, keys: Sequence[str]) -> None:
        """Let these be of one group."""
        for key in keys:
            self._root[self._top(keys[0])] = self._top(key)

    def groups(self) -> list[list[str]]:
        """The keys that were named, in their groups."""
        members: dict[str, list[str]] = {}
        for key in self._root:
            members.setdefault(self._top(key), []).append(key)
        return [*members.values()]

    def _top(self, key: str) -> str:
        while self._root.setdefault(key, key) != key:
            key = self._root[key]
        return key
