"""Base weights of a dataset: how they are made of its rows, wherever these are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from processing.datasets.codebook import Codebook
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, stop_if_any

from .base_weights import base_weights
from .dataset_parts import Workers, pieces


@dataclass(frozen=True)
class BaseDesign:
    """How base weights are made of rows.

    `variables` are those of the margins. `adults` is the column of adults in the dwelling, `kept` that
    of waves which have another one, blank for none. `unknown` is, by wave, how many adults a dwelling
    counts as whose number nobody knows: a wave's weights are made of its own answers alone.
    """

    variables: tuple[str, ...] = ()
    adults: str | None = None
    most: int | None = None
    unknown: Mapping[int, float] = field(default_factory=dict)
    kept: Mapping[int, str] = field(default_factory=dict)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a piece of rows must have."""
        columns = ["base_weight", "open_link", *self.variables]
        adults = [one for one in (self.adults, *self.kept.values()) if one]
        columns += ["wave", *adults] if adults else []
        # A register may count dwellings by their adults too.
        return tuple(dict.fromkeys(columns))

    def adults_in(self, wave: int) -> str | None:
        """The column that counts in a wave."""
        return self.kept.get(wave, self.adults) or None

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with their base weight (`base`), NaN where they have none."""
        if not self.adults and not any(self.kept.values()):
            return rows.assign(base=base_weights(rows).weight)
        base = np.full(len(rows), np.nan)
        waves = rows["wave"].to_numpy(int)
        for wave in np.unique(waves):
            mine = waves == wave
            adults, unknown = self.adults_in(int(wave)), self.unknown.get(int(wave))
            made = base_weights(rows[mine], adults=adults, most=self.most, unknown=unknown)
            base[mine] = made.weight.to_numpy()
        return rows.assign(base=base)


@dataclass(frozen=True)
class Seen:
    """Who answered when and where, and the adults in their dwellings, by wave."""

    days: Mapping[tuple[int, str], int]
    areas: frozenset[tuple[int, str]]
    adults: Mapping[int, tuple[float, float]] = field(default_factory=dict)

    def __add__(self, other: Seen) -> Seen:
        days = dict(self.days)
        for key, count in other.days.items():
            days[key] = days.get(key, 0) + count
        adults = dict(self.adults)
        for wave, (asked, counted) in other.adults.items():
            before = adults.get(wave, (0.0, 0.0))
            adults[wave] = (before[0] + asked, before[1] + counted)
        return Seen(days, self.areas | other.areas, adults)

    def mean_adults(self) -> dict[int, float]:
        """Of dwellings of which they are known, by wave."""
        return {
            wave: counted / asked for wave, (asked, counted) in self.adults.items() if asked > 0
        }


def base_design(
    dataset: Dataset | Study,
    adults: str | None = None,
    workers: Workers | None = None,
    *,
    kept: Mapping[int, str] | None = None,
) -> BaseDesign:
    """How a dataset's rows get base weights where nothing is calibrated.

    `adults` is a column of adults in the dwelling, or None; `kept` says of waves that have another
    one. Raises StatisticsError where the dataset has no such column.
    """
    design = BaseDesign(adults=adults, kept=kept or {})
    stop_if_any(no_column(dataset, design))
    if not adults and not any(design.kept.values()):
        return BaseDesign()
    seen = (workers or Workers()).add_up(dataset, partial(who_answered, design=design))
    return BaseDesign((), adults, None, seen.mean_adults(), design.kept)


def no_column(dataset: Dataset | Study, design: BaseDesign) -> list[Problem]:
    """The columns of adults that a dataset has not, or that hold no number of people."""
    codebook = dataset.codebook
    found = []
    for adults in dict.fromkeys((design.adults, *design.kept.values())):
        if not adults or counts_people(codebook, adults):
            continue
        known = adults in codebook.names
        found.append(
            Problem(
                f"adults: {adults}",
                "it is no question of how many" if known else "the dataset has no such column",
                "Name the question of how many adults live in the dwelling, or leave it out",
            )
        )
    return found


def counts_people(codebook: Codebook, name: str) -> bool:
    """Whether a column can say how many adults there are: a number, or a choice among numbers."""
    return name in codebook.names and codebook.variable(name).kind in {"number", "single"}


def who_answered(dataset: Dataset | Study, parts: Collection[Path], *, design: BaseDesign) -> Seen:
    """Go through a dataset's files for who answered when and where."""
    whole = Seen({}, frozenset())
    columns = list(dict.fromkeys(["wave", "area", "day", *design.needed]))
    for rows in pieces(dataset, columns, parts):
        dated = rows[rows["day"].fillna("") != ""]
        days = dated.groupby(["wave", "day"], as_index=False).size()
        weighted = rows[(rows["base_weight"] > 0) & rows["area"].notna()]
        places_of = weighted[["wave", "area"]].drop_duplicates()
        whole += Seen(
            {(int(w), str(d)): int(n) for w, d, n in days.itertuples(index=False, name=None)},
            frozenset((int(w), str(a)) for w, a in places_of.itertuples(index=False, name=None)),
            _adults(weighted, design),
        )
    return whole


def _adults(weighted: pd.DataFrame, design: BaseDesign) -> dict[int, tuple[float, float]]:
    """By wave, the base weight of dwellings whose adults are known, and that weight times them."""
    found = {}
    for wave, own in weighted.groupby("wave"):
        if adults := design.adults_in(int(str(wave))):
            asked = own[(own["open_link"] != 1) & (own[adults] >= 1)]
            count = asked[adults].clip(upper=design.most)
            found[int(str(wave))] = (
                float(asked["base_weight"].sum()),
                float((asked["base_weight"] * count).sum()),
            )
    return found
