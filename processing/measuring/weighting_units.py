"""Which areas of a dataset are weighted together, wave by wave, and what registers count of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.standing import standing_table
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError, stop_if_any

from .base_design import Seen
from .places import Tied, must_know, places
from .weighting import Weighting

_TABLES = ("areas", "area_succession", "area_group", "area_plan")
_SHOWN = 5


class SharedAreasError(StatisticsError):
    """Groups share an area, and only they are counted: their counts cannot be added up."""


def answered_units(
    dataset: Dataset | Study, seen: Seen, level: str, kept: Mapping[int, Weighting]
) -> pd.DataFrame:
    """A row a wave, area and unit it is weighted in, and whether anybody answered there."""
    tables = {name: standing_table(dataset, name) for name in _TABLES}
    known = {"afdeling", "boligområde", "plan", "study", *tables["area_group"]["level"].dropna()}
    if level not in known:
        raise StatisticsError(
            Problem(
                f"level {level}",
                "the dataset's areas lie in no such level",
                f"Choose among {', '.join(sorted(known))}",
            )
        )
    parts = [_units(tables, seen, level)]
    for wave, one in kept.items():
        if one.within:
            parts = [part[part["wave"] != wave] for part in parts]
            again = _units(tables, seen, one.within)
            parts.append(_as_kept(again[again["wave"] == wave], one))
    units = pd.concat(parts, ignore_index=True)
    must_know(units, pd.Series([area for _, area in seen.areas]))
    answered = pd.DataFrame(seen.areas, columns=["wave", "area"]).assign(answered=True)
    units = units.merge(answered, on=["wave", "area"], how="left")
    units["answered"] = units["answered"].notna()
    return units


def _as_kept(now: pd.DataFrame, one: Weighting) -> pd.DataFrame:
    """The units of a wave as they were, whatever groups its areas have come to lie in since."""
    was = {area: unit for unit, areas in (one.units or {}).items() for area in areas}
    there = now["area"].isin([*was])
    back = now[there].drop_duplicates("area")
    again = back.assign(unit=back["area"].map(was), shared=False)
    return pd.concat([now[~there], again], ignore_index=True)


def areas_together(units: pd.DataFrame, margins: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The areas of each unit, of all that answered or are counted."""
    mine = units[units["answered"] | units["area"].isin(margins["area"])]
    by = mine.groupby("unit")["area"]
    return {str(unit): tuple(sorted({str(area) for area in own})) for unit, own in by}


def counts_of(margins: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The counts of units in which people answered: wave, unit, variable, category, count.

    Raises StatisticsError with every group whose counts differ from its areas' and every unit of which
    they cover a part; SharedAreasError where groups share an area of which nothing is counted.
    """
    counts, problems = unit_counts(margins, units)
    stop_if_any([*problems, *_partly_counted(margins, units, counts)])
    if shared := [*_shared(units, counts)]:
        raise SharedAreasError(*shared)
    return counts


def with_unit(rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    index = pd.MultiIndex.from_frame(units[["wave", "area"]])
    at = index.get_indexer(pd.MultiIndex.from_frame(rows[["wave", "area"]]))
    unit = pd.Series(units["unit"].to_numpy(object)).reindex(at).set_axis(rows.index)
    return rows.assign(unit=unit)


def _units(tables: dict[str, pd.DataFrame], seen: Seen, level: str) -> pd.DataFrame:
    """A row a wave, area and unit that it lies in; its own afdeling where it lies in none."""
    days: dict[int, str] = {}
    for wave, day in seen.days:
        days[wave] = max(day, days.get(wave, ""))
    plain = {
        name: table.drop(columns="wave", errors="ignore").drop_duplicates()
        for name, table in tables.items()
    }
    every = places(plain, days)
    found = _as_one(every[every["level"] == level])
    alone = every[every["level"] == "afdeling"]
    keys = ["wave", "area"]
    alone = alone.merge(found[keys].drop_duplicates(), on=keys, how="left", indicator=True)
    alone = alone.query("_merge == 'left_only'")
    alone = alone.assign(shared=False)
    return pd.concat([found, alone], ignore_index=True)[[*keys, "unit", "shared"]]


def _as_one(found: pd.DataFrame) -> pd.DataFrame:
    """Units that share an area in a wave, joined; each area is in one unit then."""
    parts = []
    for _, own in found.groupby("wave", sort=False):
        tied = Tied()
        for _, units in own[own["area"].duplicated(keep=False)].groupby("area")["unit"]:
            tied.tie([*units])
        names = {unit: "+".join(sorted(group)) for group in tied.groups() for unit in group}
        unit = [names.get(one, one) for one in own["unit"]]
        parts.append(own.assign(shared=own["unit"].isin(names), unit=unit).drop_duplicates())
    return pd.concat(parts, ignore_index=True) if parts else found.assign(shared=False)


def _partly_counted(
    margins: pd.DataFrame, units: pd.DataFrame, counts: pd.DataFrame
) -> Iterator[Problem]:
    """Units in which people answered and whose counts cover some of their areas alone."""
    keys = ["wave", "unit"]
    met = pd.MultiIndex.from_frame(counts[keys])
    by_area = margins[margins["area"].notna()]
    there = pd.MultiIndex.from_frame(by_area[["wave", "area"]])
    for (wave, unit), own in units[units["answered"]].groupby(keys):
        if (wave, unit) in met:
            continue
        known = pd.MultiIndex.from_frame(own[["wave", "area"]]).isin(there)
        lacking = ", ".join(sorted(own.loc[~known, "area"])[:_SHOWN])
        if known.any():
            yield Problem(
                f"margins of {unit}, wave {wave}",
                f"its register counts cover {known.sum()} of {len(own)} areas in which people"
                f" answered, and not {lacking or 'every variable in each'}",
                "Count every area of it, or the group itself, before freezing; else weight within another"
                " level, or take base weights (--base-weights)",
                "margins.part",
                {"place": str(unit), "wave": str(wave), "lacking": lacking},
            )


def _shared(units: pd.DataFrame, counts: pd.DataFrame) -> Iterator[Problem]:
    """Groups weighted as one of whose areas nothing is counted."""
    keys = ["wave", "unit"]
    met = set(counts[keys].itertuples(index=False, name=None))
    asked = units.loc[units["answered"] & units["shared"], keys].drop_duplicates()
    for wave, unit in asked.itertuples(index=False, name=None):
        if (wave, unit) not in met:
            yield Problem(
                f"margins of {unit}, wave {wave}",
                "these groups share an area, and their counts would count it twice",
                "Count their areas, or weight within another level",
            )


def unit_counts(margins: pd.DataFrame, units: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """Each unit's counts, and groups whose counts are not those of their areas."""
    keys = ["wave", "unit", "variable", "category"]
    groups = margins[margins["area_group"].notna()].rename(columns={"area_group": "unit"})
    groups = groups[groups["unit"].isin(units["unit"])][[*keys, "count"]]
    by_area = margins[margins["area"].notna()].merge(units, on=["wave", "area"])
    whole = _whole(by_area, units)
    added = whole.groupby(keys)["count"].sum().reset_index()
    both = groups.merge(added, on=keys, suffixes=("", "_of_areas"))
    differ = both[both["count"] != both["count_of_areas"]]
    problems = [
        Problem(
            f"margins of {unit}, wave {wave}: {variable} = {category}",
            f"the group has {count:,.0f} and its areas {of_areas:,.0f} together",
            "Correct one, or leave the areas' out",
        )
        for wave, unit, variable, category, count, of_areas in differ.itertuples(
            index=False, name=None
        )
    ]
    told = groups[keys[:-1]].drop_duplicates()
    rest = added.merge(told, on=keys[:-1], how="left", indicator=True)
    rest = rest.query("_merge == 'left_only'")
    return pd.concat([groups, rest], ignore_index=True)[[*keys, "count"]], problems


def _whole(by_area: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The counts of units all of whose areas have counts of the variable.

    An area that nobody answered from and nothing counts, as one closed long ago, is no part of it.
    """
    counted_areas = by_area[["wave", "area"]].drop_duplicates().assign(there=True)
    there = units.merge(counted_areas, on=["wave", "area"], how="left")
    there = there[there["answered"] | there["there"].notna()]
    members = there.groupby(["wave", "unit"])["area"].nunique().rename("members")
    counted = by_area.groupby(["wave", "unit", "variable"])["area"].nunique().rename("counted")
    both = counted.reset_index().merge(members.reset_index(), on=["wave", "unit"])
    full = both[both["members"] == both["counted"]][["wave", "unit", "variable"]]
    return by_area.merge(full, on=["wave", "unit", "variable"])
