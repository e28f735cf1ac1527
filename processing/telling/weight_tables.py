"""What is told of weights: margins and groups without counts so small that they tell of persons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from processing.measuring.dataset_weights import DatasetWeights
from processing.measuring.disclosure import disclose
from processing.measuring.disclosure_limits import DisclosureLimits

_WHOLE = "all"
_UNTOLD = "\0untold"
_OF_MARGINS = ["rows", "base", "gap"]
_OF_GROUPS = [
    "rows", "gap", "deff", "effective_n", "lowest", "highest", "low_limit", "high_limit", "outside",
]  # fmt: skip


@dataclass(frozen=True)
class WeightTables:
    """Tables of weights that may leave; every row says that it is exploratory (`kind`).

    `groups` and `margins` are those of `Weights`, blank where `hidden` is 1; `margins` with a row a
    category, `whole` with one over all groups of a wave. `collapsed` has group, variable, categories
    and rows of what was counted as one.
    """

    groups: pd.DataFrame
    margins: pd.DataFrame
    whole: pd.DataFrame
    collapsed: pd.DataFrame

    def frames(self) -> dict[str, pd.DataFrame]:
        """The tables that are written, by name."""
        told = self.collapsed.assign(told=[*map(_in_words, self.collapsed.itertuples())])
        columns = ["group", "variable", "told", "kind"]
        return {"groups": self.groups, "margins": self.margins, "collapsed": told[columns]}


def weight_tables(made: DatasetWeights, limits: DisclosureLimits | None = None) -> WeightTables:
    """Hide how many answered of a category or group where they are few, and what would tell it.

    Parameters: `limits` are the study's (`study_terms`), the safe ones where none are given. A group's
    categories, those who gave no answer, and all groups of a wave add up, so that further categories
    are hidden beside. Sums of base weights and what is off the register tell how many there are, and
    are hidden with them; register counts and the weighted sums that meet them are not. Raises StatisticsError.
    """
    limits = limits or DisclosureLimits()
    weights = made.weights
    group = [name for name in ("wave", "unit") if name in weights.groups]
    margins, groups = weights.margins, weights.groups
    cells = _cells(margins, groups)
    shown = disclose(
        cells, ["wave", "unit", "variable", "category"],
        {
            "unit": dict.fromkeys(set(groups["unit"]), _WHOLE),
            "category": dict.fromkeys(set(cells["category"]) - {_WHOLE}, _WHOLE),
        },
        limits=limits, known=(cells["category"] == _WHOLE) & (cells["n"] >= limits.count),
    ).frame  # fmt: skip
    shown = shown.assign(hidden=shown["n"].isna().astype(int)).drop(columns="n")
    keys = ["wave", "unit", "variable", "category"]
    few = groups["rows"] < limits.count
    told = margins.merge(shown, on=keys, how="left")
    whole = margins.groupby(["wave", "variable", "category"], as_index=False)[
        ["rows", "base", "count", "weighted"]
    ].sum()
    whole = whole.merge(
        shown[shown["unit"] == _WHOLE].drop(columns="unit"), on=["wave", "variable", "category"]
    )
    label = told[group].astype(str).agg(" ".join, axis=1)
    known = told.assign(label=label)[told["hidden"] == 0]
    rows = known.set_index(["label", "variable", "category"])["rows"]
    collapsed = pd.DataFrame(
        [
            (one.group, one.variable, one.categories,
             rows.get((one.group, one.variable, " + ".join(one.categories)), np.nan))
            for one in weights.collapsed
        ],
        columns=["group", "variable", "categories", "rows"],
    )  # fmt: skip
    return WeightTables(
        _blank(groups.assign(hidden=few.astype(int)), _OF_GROUPS),
        _blank(told, _OF_MARGINS),
        _blank(whole, ["rows", "base"]),
        collapsed.assign(kind="exploratory"),
    )


def _cells(margins: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Categories, who is in none of them, and groups, in every unit and in all of a wave."""
    keys = ["wave", "unit", "variable"]
    own = margins[[*keys, "category", "rows"]].rename(columns={"rows": "n"})
    of = own.groupby(keys, as_index=False)["n"].sum()
    whole = of.merge(groups[["wave", "unit", "rows"]], on=["wave", "unit"])
    rest = whole.assign(n=whole["rows"] - whole["n"], category=_UNTOLD)
    every = whole.assign(n=whole["rows"], category=_WHOLE)
    columns = [*keys, "category", "n"]
    cells = pd.concat([own[columns], rest.loc[rest["n"] > 0, columns], every[columns]])
    by = cells.groupby(["wave", "variable", "category"], as_index=False)["n"].sum()
    cells = pd.concat([cells, by.assign(unit=_WHOLE)[columns]], ignore_index=True)
    counted: pd.DataFrame = cells.astype({"n": int})
    return counted


def _blank(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    told = table.assign(kind="exploratory")
    for name in columns:
        whole = name in {"rows", "outside"}
        values = table[name].astype("Int64") if whole else table[name].astype(float)
        told[name] = values.mask(table["hidden"] == 1)
    return told


def _in_words(row: Any) -> str:
    answers = "" if math.isnan(row.rows) else f" ({row.rows:.0f} answers)"
    joined = " + ".join(row.categories)
    return f"{row.group}: {row.variable} {joined} counted as one{answers}"
