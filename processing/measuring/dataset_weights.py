"""Weights of a frozen dataset: its rows, its register counts, and where its areas belong."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.standing import standing_table
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError, stop_if_any

from .base_design import BaseDesign, Seen, no_column, who_answered
from .calibration import Ids
from .dataset_parts import Workers, pieces
from .places import Tied, must_know, places
from .register_margins import UNKNOWN, categories
from .weighting import Weighting
from .weighting_cells import ROWS, add_tallies, tally
from .weights import Weights, weigh_cells

_TABLES = ("areas", "area_succession", "area_group", "area_plan")
_TALLIES_AT_ONCE = 8
_SHOWN = 5


class SharedAreasError(StatisticsError):
    """Groups share an area, and only they are counted: their counts cannot be added up."""


class UncountedError(StatisticsError):
    """No unit of the level has register counts, in no wave in which people answered."""


@dataclass(frozen=True)
class DatasetWeights:
    """Calibrated weights of a dataset, that its rows are given while they are read.

    `level` is within what they were calibrated, `needed` the columns a piece of rows must have.
    `plain` are waves without any register counts, or that keep base weights: these hold there, times
    `scale`, so that they are as large as the calibrated ones on the average. `unknowable` lists answers that counted
    as none, since no register counts them.
    """

    weights: Weights
    level: str
    units: pd.DataFrame
    design: BaseDesign
    plain: tuple[int, ...] = ()
    scale: float = 1.0
    unknowable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weightings: Mapping[int, Weighting] = field(default_factory=dict, repr=False)
    """How each wave was weighted, in the end"""

    @property
    def needed(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("wave", "area", *self.design.needed)))

    def cell_of(self, rows: pd.DataFrame) -> Ids:
        """Each row's weighting cell, -1 where it has no weight."""
        return self.weights.cell_of(_with_unit(self.design.of(rows), self.units))

    def of(self, rows: pd.DataFrame, cell: Ids | None = None) -> pd.Series:
        """Each row's weight, NaN where it has none; `cell` spares looking it up again."""
        by_cell = np.append(self.weights.cells["weight"].to_numpy(float), np.nan)
        weight = by_cell[self.cell_of(rows) if cell is None else cell]
        if self.plain:
            base = self.design.of(rows)["base"].to_numpy(float) * self.scale
            plain = rows["wave"].isin(self.plain).to_numpy()
            weight = np.where(plain, np.where(base > 0, base, np.nan), weight)
        return pd.Series(weight, rows.index, name="weight")

    def told(self, kept: Collection[int] = ()) -> str:
        """Within what rows were weighted, and what could not be, in a line; `kept` is told elsewhere."""
        waves = ", ".join(str(wave) for wave in self.plain if wave not in kept)
        plain = f"; base weights in wave {waves}, which nothing counts" if waves else ""
        without = "; ".join(f"{name} {', '.join(of)}" for name, of in self.unknowable.items())
        return (
            f"calibrated within {self.level}{plain}"
            f"{f'; without a register count, and as no answer: {without}' if without else ''}"
        )


def weigh_dataset(
    dataset: Dataset | Study,
    level: str = "boligområde",
    *,
    adults: str | None = None,
    most: int | None = None,
    **options: Any,
) -> tuple[pd.DataFrame, Weights]:
    """Weight a wave's or a study's rows to its register counts, wave by wave, within `level`.

    As `dataset_weights`, for who wants a weight a row. Returns the rows (row_id, wave, area, unit,
    base, the margins' variables, weight: NaN where a row has none) and the weights.
    """
    made = dataset_weights(dataset, level, adults=adults, most=most, **options)
    wanted = list(dict.fromkeys(["row_id", *made.needed]))
    rows = pd.concat(
        [made.design.of(one).assign(weight=made.of(one)) for one in pieces(dataset, wanted)],
        ignore_index=True,
    )
    rows = _with_unit(rows, made.units)
    columns = ["row_id", "wave", "area", "unit", "base", *made.design.variables, "weight"]
    return rows[columns], made.weights


def dataset_weights(
    dataset: Dataset | Study,
    level: str = "boligområde",
    *,
    adults: str | None = None,
    most: int | None = None,
    workers: Workers | None = None,
    lenient: bool = False,
    kept: Mapping[int, Weighting] | None = None,
    **options: Any,
) -> DatasetWeights:
    """Weight a wave's or a study's rows to its register counts, without holding them in memory.

    Parameters: `level` is afdeling, a level of the area groups, plan or study. An area that lies in
    no unit of the level is weighted on its own. A unit's counts are those of its group; where the
    group has none, those of its areas, added up. Units that share an area in a wave are weighted as
    one, their keys joined by +, by the counts of their areas: a row is weighted once. Memberships
    hold on the last day anybody answered. `adults` and `most` are as in `base_weights`, all else as
    in `weigh`; margins are `ordered` also where their counts say so (a column `ordered`), or where the
    codebook calls the variable ordinal or a scale. In a wave of which no unit has counts, as a baseline nobody counted, base weights
    hold. With `lenient`, answers that no margin of any wave counts are `unknowable`. Waves in `kept`
    are weighted as it says, whatever else is asked: within its level and units, by its adults and order.

    Raises StatisticsError with every problem: a group whose counts differ from its areas', a unit of
    which counts cover a part, and all that `weigh` refuses; UncountedError where no wave has counts.
    """
    workers, kept = workers or Workers(), kept or {}
    margins = _margins(dataset)
    design = _design(dataset, margins, adults, most, kept)
    seen = workers.add_up(dataset, partial(who_answered, design=design))
    design = replace(design, unknown=seen.mean_adults())
    margins = margins[~margins["wave"].isin([w for w, one in kept.items() if not one.within])]
    units = _answered_units(dataset, seen, level, kept)
    counts, problems = unit_counts(margins, units)
    stop_if_any([*problems, *_partly_counted(margins, units, counts)])
    if shared := [*_shared(units, counts)]:
        raise SharedAreasError(*shared)
    laid_down = {*options.get("ordered", ()), *_ordered(dataset, margins)}
    ordered = {
        wave: laid_down
        if wave not in kept or kept[wave].ordered is None
        else set(kept[wave].ordered or ())
        for wave in {wave for wave, _ in seen.areas}
    }
    told = workers.add_up(dataset, partial(_tallied, design=design, units=units))
    plain = told.cells["wave"].isin(set(counts["wave"])).eq(other=False)
    if plain.all() and len(plain):
        raise UncountedError(_uncounted(level))
    cells = told.cells[~plain]
    if lenient:
        options["unknowable"] = _unknowable(cells, counts) | dict(options.get("unknowable") or {})
    weights = weigh_cells(
        cells, counts, group=("wave", "unit"), base="base", left_out=told.left_out,
        **options | {"ordered": ordered},
    )  # fmt: skip
    given, taken = (
        frame[ROWS].to_numpy(float) @ frame[name].to_numpy(float)
        for frame, name in ((weights.cells, "weight"), (cells, "base"))
    )
    without = tuple(sorted(int(wave) for wave in set(told.cells.loc[plain, "wave"])))
    return DatasetWeights(
        weights,
        level,
        units,
        design,
        without,
        float(given / taken),
        {name: tuple(of) for name, of in (options.get("unknowable") or {}).items()},
        {
            wave: Weighting("", design.adults_in(wave) or "")
            if wave in without
            else Weighting(
                kept[wave].within if wave in kept else level,
                design.adults_in(wave) or "",
                tuple(sorted(of & set(counts.loc[counts["wave"] == wave, "variable"]))),
                _together(units[units["wave"] == wave], margins[margins["wave"] == wave]),
            )
            for wave, of in sorted(ordered.items())
        },
    )


def _margins(dataset: Dataset | Study) -> pd.DataFrame:
    margins = dataset.table("margins")
    return margins.assign(wave=dataset.wave) if isinstance(dataset, Dataset) else margins


def _design(
    dataset: Dataset | Study,
    margins: pd.DataFrame,
    adults: str | None,
    most: int | None,
    kept: Mapping[int, Weighting],
) -> BaseDesign:
    known = set(dataset.codebook.names)
    variables = [name for name in dict.fromkeys(margins["variable"]) if name in known]
    design = BaseDesign(
        tuple(variables), adults, most, kept={wave: one.adults for wave, one in kept.items()}
    )
    stop_if_any(no_column(dataset, design))
    return design


def _answered_units(
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


def _together(units: pd.DataFrame, margins: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The areas of each unit, of all that answered or are counted."""
    mine = units[units["answered"] | units["area"].isin(margins["area"])]
    by = mine.groupby("unit")["area"]
    return {str(unit): tuple(sorted({str(area) for area in own})) for unit, own in by}


def _ordered(dataset: Dataset | Study, margins: pd.DataFrame) -> set[str]:
    """Margins whose categories have an order: the counts say so, or the codebook of what was asked."""
    # Waves that say nothing of it leave it blank beside those that do.
    said = margins.get("ordered", pd.Series(index=margins.index, dtype=object)).eq(other=True)
    by_code = {
        name
        for name in set(margins["variable"]) & set(dataset.codebook.names)
        if dataset.codebook.variable(name).measure in {"ordinal", "scale"}
    }
    return by_code | {str(name) for name in margins.loc[said, "variable"]}


def _uncounted(level: str) -> Problem:
    return Problem(
        "margins",
        f"they count no {level} in which people answered",
        "Weight within another level, or take base weights",
    )


def _unknowable(cells: pd.DataFrame, counts: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Answers that registers do not know, as a gender they do not keep."""
    found = {}
    for name, known in counts.groupby("variable")["category"]:
        answered = set(categories(cells[str(name)])) - {UNKNOWN}
        if strange := sorted(answered - set(categories(known))):
            found[str(name)] = tuple(strange)
    return found


@dataclass(frozen=True)
class _Tallied:
    cells: pd.DataFrame
    left_out: int

    def __add__(self, other: _Tallied) -> _Tallied:
        return _Tallied(add_tallies([self.cells, other.cells]), self.left_out + other.left_out)


def _tallied(
    dataset: Dataset | Study, parts: Collection[Path], *, design: BaseDesign, units: pd.DataFrame
) -> _Tallied:
    """How many rows are alike in all that weights know."""
    columns = ["wave", "unit", *design.variables, "base"]
    needed = list(dict.fromkeys(["wave", "area", *design.needed]))
    held: list[pd.DataFrame] = []
    left_out = 0
    for piece in pieces(dataset, needed, parts):
        rows = _with_unit(design.of(piece), units)
        known = (rows["base"] > 0) & rows["unit"].notna()
        left_out += int((~known).sum())
        held.append(tally(rows[known], columns))
        if len(held) == _TALLIES_AT_ONCE:
            held = [add_tallies(held)]
    if not held:
        held = [pd.DataFrame(columns=[*columns, ROWS])]
    return _Tallied(add_tallies(held) if len(held) > 1 else held[0], left_out)


def _with_unit(rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
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
