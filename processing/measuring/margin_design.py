"""Cells and register counts brought together: what each group's calibration must meet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem

from .calibration import Array, Constraints, Ids
from .collapsing import Collapse, collapse
from .register_margins import UNKNOWN
from .weighting_cells import ROWS


@dataclass(frozen=True)
class Design:
    """`constraints` in the order of `groups`; `categories` has a row for each that is met.

    `mass` is the base weight of each cell's rows together, brought to its group's total.
    """

    groups: pd.DataFrame  # the group columns, `label`, `population`
    constraints: Constraints
    categories: pd.DataFrame  # g, variable, category, rows, count, base
    mass: Array
    collapsed: tuple[Collapse, ...]


def design(
    cells: pd.DataFrame,
    margins: pd.DataFrame,
    group: Sequence[str],
    *,
    base: Array,
    thin: int,
    ordered: Collection[str] | Mapping[int, Collection[str]],
) -> tuple[Design, list[Problem]]:
    """Make every group's constraints, thin categories joined; `ordered` may be by wave, the first of `group`.

    Where rows gave no answer in a margin, their share of the group's base weight is kept, and the
    counts of the others are lessened by it: they are taken to be missing at random in the group.
    """
    groups = cells[[*group]].drop_duplicates().sort_values([*group], ignore_index=True)
    groups["label"] = [" ".join(map(str, row)) for row in groups.to_numpy()]
    g = _number_in(cells, groups, group)
    # Margins of groups in which nobody answered bind nothing.
    margins = margins.assign(g=_number_in(margins, groups, group)).query("g >= 0")
    first = margins.groupby(["g", "variable"], sort=False)["count"].sum().groupby("g").first()
    population = first.reindex(range(len(groups))).to_numpy(float)
    mass = base * cells[ROWS].to_numpy(float)
    mass *= (population / np.bincount(g, mass, len(groups)))[g]

    ids: list[Ids] = []
    tables: list[pd.DataFrame] = []
    collapsed: list[Collapse] = []
    problems: list[Problem] = []
    for variable, counts in margins.groupby("variable", sort=False):
        name = str(variable)
        # A group that has no count of this variable is bound to its total alone.
        counted = np.isin(g, counts["g"].unique())
        answers = cells[name].where(counted, UNKNOWN)
        there = cells.assign(g=g, mass=mass, category=answers)[["g", "category", ROWS, "mass"]]
        table = _table(there, counts, groups, population)
        company, joined = collapse(table, name, thin, _in_order(name, groups[group[0]], ordered))
        collapsed += joined
        met, number = _met(table.assign(variable=name), company)
        problems += _impossible(met, groups)
        ids.append(_ids(answers, g, table, number))
        tables.append(met)
    constraints = Constraints(
        len(groups),
        g,
        tuple(ids),
        tuple(table["count"].to_numpy(float) for table in tables),
        tuple(table["g"].to_numpy(np.intp) for table in tables),
    )
    categories = pd.concat(tables, ignore_index=True)
    found = Design(
        groups.assign(population=population), constraints, categories, mass, tuple(collapsed)
    )
    return found, problems


def _in_order(
    variable: str, waves: pd.Series, ordered: Collection[str] | Mapping[int, Collection[str]]
) -> NDArray[np.bool_]:
    """Of each group whether the variable's categories have an order there."""
    if not isinstance(ordered, Mapping):
        return np.full(len(waves), variable in ordered)
    return np.array([variable in ordered.get(wave, ()) for wave in waves], bool)


def _number_in(frame: pd.DataFrame, groups: pd.DataFrame, group: Sequence[str]) -> Ids:
    index = pd.MultiIndex.from_frame(groups[[*group]])
    return np.asarray(index.get_indexer(pd.MultiIndex.from_frame(frame[[*group]])), np.intp)


def _table(
    cells: pd.DataFrame, counts: pd.DataFrame, groups: pd.DataFrame, population: Array
) -> pd.DataFrame:
    """A row for each group and category that is answered or counted: rows, base weight, count."""
    counted = counts.set_index(["g", "category"])["count"]
    answered = cells.groupby(["g", "category"])[[ROWS, "mass"]].sum()
    table = answered.join(counted, how="outer").fillna(0.0).reset_index()
    table = table[(table[ROWS] > 0) | (table["count"] > 0)]
    table = table.assign(order=_order(table["category"]))
    table = table.sort_values(["g", "order", "category"], ignore_index=True)
    owner = table["g"].to_numpy(np.intp)
    unknown = (table["category"] == UNKNOWN).to_numpy()
    free = np.bincount(owner, np.where(unknown, table["mass"], 0.0), len(groups))
    total = np.bincount(owner, np.where(unknown, 0.0, table["count"]), len(groups))
    scale = np.divide(population - free, total, out=np.ones_like(total), where=total > 0)
    count = np.where(unknown, table["mass"], table["count"] * scale[owner])
    table = table.assign(count=count, label=groups["label"].to_numpy()[owner])
    # Where all of a group's answers are lacking, its counts bind nothing.
    known = np.bincount(owner, np.where(unknown, 0.0, table[ROWS]), len(groups))
    bound: pd.DataFrame = table.loc[unknown | (known[owner] > 0)].reset_index(drop=True)
    return bound


def _order(categories: pd.Series) -> pd.Series:
    """Numbers in their order, other names after them, no answer last."""
    return pd.to_numeric(categories, errors="coerce").fillna(np.inf)


def _met(table: pd.DataFrame, company: Ids) -> tuple[pd.DataFrame, Ids]:
    heads, number = np.unique(company, return_inverse=True)
    names = table.groupby(company)["category"].agg(" + ".join)
    sums = table.groupby(company)[[ROWS, "mass", "count"]].sum()
    met = table.loc[heads, ["g", "variable"]].assign(category=names.to_numpy())
    for column in (ROWS, "mass", "count"):
        met[column] = sums[column].to_numpy()
    return met.reset_index(drop=True), number.astype(np.intp)


def _ids(answers: pd.Series, g: Ids, table: pd.DataFrame, number: Ids) -> Ids:
    index = pd.MultiIndex.from_arrays([table["g"], table["category"]])
    at = index.get_indexer(pd.MultiIndex.from_arrays([g, answers]))
    return number[at]


def _impossible(met: pd.DataFrame, groups: pd.DataFrame) -> list[Problem]:
    empty = met[(met["count"] > 0) & (met[ROWS] == 0)]
    nobody = met[(met["count"] <= 0) & (met[ROWS] > 0)]
    labels = groups["label"]
    found = [
        Problem(
            f"{labels[row.g]}: {row.variable} = {row.category}",
            f"the register counts {row.count:,.0f} and nobody answered",
            "Let thin categories be joined (`thin` of 1 or more), or weight within a larger group",
        )
        for row in _records(empty)
    ]
    return found + [
        Problem(
            f"{labels[row.g]}: {row.variable} = {row.category}",
            f"the register counts nobody and {row.rows:,.0f} answered",
            "Correct the count, join the category to another, or name it in `unknowable`",
        )
        for row in _records(nobody)
    ]


@dataclass(frozen=True)
class _Row:
    g: int
    variable: str
    category: str
    rows: float
    count: float


def _records(met: pd.DataFrame) -> list[_Row]:
    columns = ["g", "variable", "category", ROWS, "count"]
    return [_Row(*values) for values in met[columns].itertuples(index=False, name=None)][:20]
