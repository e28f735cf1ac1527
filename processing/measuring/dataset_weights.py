"""Weights of a frozen dataset: its rows, its register counts, and where its areas belong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError, stop_if_any

from .base_design import BaseDesign, no_column, who_answered
from .calibration import Ids
from .dataset_parts import Workers, pieces
from .register_margins import UNKNOWN, categories
from .weighting import Weighting
from .weighting_cells import ROWS, add_tallies, tally
from .weighting_units import answered_units, areas_together, counts_of, with_unit
from .weights import Weights, weigh_cells

_TALLIES_AT_ONCE = 8


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
        return self.weights.cell_of(with_unit(self.design.of(rows), self.units))

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
    rows = with_unit(rows, made.units)
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
    units = answered_units(dataset, seen, level, kept)
    counts = counts_of(margins, units)
    laid_down = {*options.get("ordered", ()), *_ordered(dataset, margins)}
    ordered = {wave: _kept_order(kept.get(wave), laid_down) for wave, _ in seen.areas}
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
    made = DatasetWeights(
        weights,
        level,
        units,
        design,
        without,
        float(given / taken),
        {name: tuple(of) for name, of in (options.get("unknowable") or {}).items()},
    )
    levels = {wave: one.within for wave, one in kept.items()}
    return replace(made, weightings=_weightings(made, margins, counts, ordered, levels))


def _kept_order(one: Weighting | None, laid_down: set[str]) -> set[str]:
    return laid_down if one is None or one.ordered is None else set(one.ordered)


def _weightings(
    made: DatasetWeights,
    margins: pd.DataFrame,
    counts: pd.DataFrame,
    ordered: Mapping[int, set[str]],
    levels: Mapping[int, str],
) -> dict[int, Weighting]:
    """How each wave was weighted, as it can be done again."""
    found = {}
    for wave, of in sorted(ordered.items()):
        adults = made.design.adults_in(wave) or ""
        mine = [one[one["wave"] == wave] for one in (made.units, margins, counts)]
        found[wave] = (
            Weighting("", adults)
            if wave in made.plain
            else Weighting(
                levels.get(wave, made.level),
                adults,
                tuple(sorted(of & set(mine[2]["variable"]))),
                areas_together(mine[0], mine[1]),
            )
        )
    return found


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
        rows = with_unit(design.of(piece), units)
        known = (rows["base"] > 0) & rows["unit"].notna()
        left_out += int((~known).sum())
        held.append(tally(rows[known], columns))
        if len(held) == _TALLIES_AT_ONCE:
            held = [add_tallies(held)]
    if not held:
        held = [pd.DataFrame(columns=[*columns, ROWS])]
    return _Tallied(add_tallies(held) if len(held) > 1 else held[0], left_out)
