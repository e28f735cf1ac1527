"""Weights of a frozen dataset: its rows, its register counts, and where its areas belong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, stop_if_any

from .base_weights import base_weights
from .places import must_know, places
from .weights import Weights, weigh

_TABLES = ("areas", "area_succession", "area_group", "area_plan")


def weigh_dataset(
    dataset: Dataset | Study,
    level: str = "boligområde",
    *,
    adults: str | None = None,
    most: int | None = None,
    **options: Any,
) -> tuple[pd.DataFrame, Weights]:
    """Weight a wave's or a study's rows to its register counts, wave by wave, within `level`.

    Parameters: `level` is afdeling, a level of the area groups, plan or study. An area that lies in
    no unit of the level is weighted on its own. A unit's counts are those of its group; where the
    group has none, those of its areas, added up. Memberships hold on the last day anybody answered.
    `adults` and `most` are as in `base_weights`, all else as in `weigh`.

    Returns the rows (row_id, wave, area, unit, base, the margins' variables, weight: NaN where a
    row has none) and the weights. Raises StatisticsError with every problem: an area in two units,
    a group whose counts differ from its areas', and all that `weigh` refuses.
    """
    tables = {name: dataset.table(name) for name in (*_TABLES, "margins")}
    margins = tables["margins"]
    number = dataset.wave if isinstance(dataset, Dataset) else None
    if number is not None:
        margins = margins.assign(wave=number)
    known = set(dataset.codebook.names)
    variables = [name for name in dict.fromkeys(margins["variable"]) if name in known]
    wanted = ["row_id", "wave", "area", "day", "base_weight", "open_link", *variables]
    if adults:
        wanted.append(adults)
    rows = dataset.responses([*dict.fromkeys(wanted)])
    if number is not None:
        rows["wave"] = number
    rows["wave"] = rows["wave"].astype("int64")
    units = _units(tables, rows, level)
    must_know(units, rows.loc[rows["base_weight"] > 0, "area"])
    rows = rows.merge(units, on=["wave", "area"], how="left")
    answered = rows[["wave", "area"]].drop_duplicates().assign(answered=True)
    units = units.merge(answered, on=["wave", "area"], how="left")
    units["answered"] = units["answered"].notna()
    rows["base"] = base_weights(rows, adults=adults, most=most).weight
    counts, problems = _counts(margins, units)
    stop_if_any([*_in_two(units), *problems])
    weights = weigh(rows, counts, group=("wave", "unit"), base="base", **options)
    columns = ["row_id", "wave", "area", "unit", "base", *variables]
    return rows[columns].assign(weight=weights.of(rows)), weights


def _units(tables: dict[str, pd.DataFrame], rows: pd.DataFrame, level: str) -> pd.DataFrame:
    """A row a wave, area and unit that it lies in; its own afdeling where it lies in none."""
    days = rows[rows["day"] != ""].groupby("wave")["day"].max()
    plain = {
        name: table.drop(columns="wave", errors="ignore").drop_duplicates()
        for name, table in tables.items()
    }
    every = places(plain, {int(str(wave)): str(day) for wave, day in days.items()})
    found = every[every["level"] == level]
    alone = every[every["level"] == "afdeling"]
    keys = ["wave", "area"]
    alone = alone.merge(found[keys].drop_duplicates(), on=keys, how="left", indicator=True)
    alone = alone.query("_merge == 'left_only'")
    return pd.concat([found, alone], ignore_index=True)[[*keys, "unit"]]


def _in_two(units: pd.DataFrame) -> Iterator[Problem]:
    for key, group in units.groupby(["wave", "area"]):
        if len(group) > 1:
            wave, area = key
            yield Problem(
                f"area {area}, wave {wave}",
                f"it lies in {' and '.join(sorted(group['unit']))} at once, and a row is weighted once",
                "Weight within another level",
            )


def _counts(margins: pd.DataFrame, units: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
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
