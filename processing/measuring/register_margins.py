"""Register counts that weights are brought to, and what stands in their way."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from processing.errors import Problem

from .weighting_cells import ROWS

UNKNOWN = ""
"""The category of rows that gave no answer a register could know."""
_SHOWN = 5


def categories(values: pd.Series, unknowable: Sequence[object] = ()) -> pd.Series:
    """Answers as register tables write them.

    Missing codes (below zero), blanks and what is `unknowable` become UNKNOWN.
    """
    codes, found = pd.factorize(values, use_na_sentinel=False)
    without = {_text(value) for value in unknowable}
    text = [_text(value) for value in found.tolist()]
    named = np.array([UNKNOWN if one in without else one for one in text], object)
    return pd.Series(named[codes] if len(named) else codes, values.index, dtype=object)


def _text(value: object) -> str:
    if value is None or value is pd.NA:
        return UNKNOWN
    if isinstance(value, float | np.floating | int | np.integer) and not isinstance(value, bool):
        if np.isnan(value) or value < 0:
            return UNKNOWN
        return str(int(value)) if float(value).is_integer() else str(value)
    return str(value)


def problems_of_table(margins: pd.DataFrame, group: Sequence[str]) -> list[Problem]:
    """What is wrong with the table itself: columns, repeats, counts that are none."""
    wanted = [*group, "variable", "category", "count"]
    lacking = [name for name in wanted if name not in margins.columns]
    if lacking:
        return [
            Problem(
                "margins",
                f"the columns {', '.join(lacking)} are missing, found {', '.join(margins.columns)}",
                "Give a row for each group, variable and category, with its count",
            )
        ]
    found: list[Problem] = []
    keys = wanted[:-1]
    twice = margins[margins.duplicated(keys)]
    if len(twice):
        found.append(_rows("margins", "a category is counted twice", twice, keys, "Keep one"))
    counts = pd.to_numeric(margins["count"], errors="coerce")
    wrong = margins[~(counts >= 0)]
    if len(wrong):
        found.append(
            _rows(
                "margins", "a count is missing or below zero", wrong, wanted, "Give register counts"
            )
        )
    if not len(margins):
        found.append(Problem("margins", "there are none", "Load register counts before weighting"))
    return found


def problems_with_answers(
    cells: pd.DataFrame, margins: pd.DataFrame, group: Sequence[str], tolerance: float
) -> list[Problem]:
    """Margins that contradict each other, and answers that margins have no place for."""
    answered = {str(variable): set(cells[variable]) for variable in margins["variable"].unique()}
    return [
        *contradictions(margins, group, tolerance, answered),
        *_groups_without(cells, margins, group),
        *_lacking(cells, margins, group),
    ]


def contradictions(
    margins: pd.DataFrame,
    group: Sequence[str],
    tolerance: float,
    answered: Mapping[str, Collection[str]] | None = None,
) -> Iterator[Problem]:
    """Groups whose variables count different numbers of people, or nobody.

    Categories are named that such a group has no count of, though another group has, or somebody
    `answered` them: a row that was forgotten is the commonest reason.
    """
    if not len(margins):
        return
    totals = margins.pivot_table("count", [*group], "variable", "sum")
    low, high = totals.min(axis=1), totals.max(axis=1)
    apart = totals[high - low > tolerance * high + 1e-9 * high]
    for name, row in list(apart.iterrows())[:_SHOWN]:
        counted = row.dropna()
        told = ", ".join(f"{variable} {count:,.0f}" for variable, count in counted.items())
        fewer = counted.index[counted < counted.max()]
        lacking = ", ".join(_uncounted(margins, group, name, fewer, answered or {}))
        values = {"place": _named(name), "told": told}
        yield Problem(
            f"margins of {_named(name)}",
            f"they contradict each other in how many people there are: {told}"
            + (f"; there is no count of {lacking}" if lacking else "")
            + _more(len(apart), "groups"),
            "Add the counts that lack"
            if lacking
            else "Count the same people in each; in Python, `tolerance` allows for rounding",
            "margins.incomplete" if lacking else "margins.contradict",
            values | ({"lacking": lacking} if lacking else {}),
        )
    nobody = totals[high <= 0]
    for name, _ in list(nobody.iterrows())[:_SHOWN]:
        yield Problem(
            f"margins of {_named(name)}",
            "they count nobody" + _more(len(nobody), "groups"),
            "Leave the group out, or give its counts",
        )


def _uncounted(
    margins: pd.DataFrame,
    group: Sequence[str],
    name: object,
    variables: Iterable[Hashable],
    answered: Mapping[str, Collection[str]],
) -> Iterator[str]:
    """Categories without a count in a group, each as `gender = 2`."""
    here = pd.MultiIndex.from_frame(margins[[*group]]) if len(group) > 1 else margins[group[0]]
    mine = margins[here == name]
    for variable in variables:
        there = set(mine.loc[mine["variable"] == variable, "category"].astype(str))
        known = set(margins.loc[margins["variable"] == variable, "category"].astype(str))
        known |= set(map(str, answered.get(str(variable), ())))
        yield from (f"{variable} = {one}" for one in sorted(known - there - {UNKNOWN}))


def _groups_without(
    cells: pd.DataFrame, margins: pd.DataFrame, group: Sequence[str]
) -> Iterator[Problem]:
    there = pd.MultiIndex.from_frame(margins[[*group]].drop_duplicates())
    asked = cells.groupby([*group], sort=True)[ROWS].sum()
    lacking = asked[~pd.MultiIndex.from_frame(asked.index.to_frame()).isin(there)]
    if len(lacking):
        names = ", ".join(_named(name) for name in lacking.index[:_SHOWN])
        yield Problem(
            f"group {names}",
            f"{lacking.sum():,} rows answered and no margin counts their group"
            + _more(len(lacking), "groups"),
            "Load its register counts before freezing; else weight within another level, or take base"
            " weights (--base-weights)",
            "margins.group",
            {"place": str(names), "rows": str(int(lacking.sum()))},
        )


def _lacking(cells: pd.DataFrame, margins: pd.DataFrame, group: Sequence[str]) -> Iterator[Problem]:
    for variable, table in margins.groupby("variable", sort=False):
        groups = pd.MultiIndex.from_frame(table[[*group]].drop_duplicates())
        known = pd.MultiIndex.from_frame(table[[*group, "category"]])
        answered = cells.groupby([*group, variable], sort=True)[ROWS].sum().reset_index()
        strange = answered[
            (answered[variable] != UNKNOWN)
            & pd.MultiIndex.from_frame(answered[[*group]]).isin(groups)
            & ~pd.MultiIndex.from_frame(answered[[*group, variable]]).isin(known)
        ]
        for category, rows in strange.groupby(variable):
            names = ", ".join(_named(tuple(row)) for row in rows[[*group]].to_numpy()[:_SHOWN])
            yield Problem(
                f"{variable} = {category}",
                f"{rows[ROWS].sum():,} rows in {names} answered it, and the margins lack the category"
                + _more(len(rows), "groups"),
                f"Add its count, or say in Python that registers cannot know it:"
                f" unknowable={{{str(variable)!r}: [{category!r}]}}",
                "margins.category",
                {"variable": str(variable), "category": str(category), "places": str(names)},
            )


def _rows(where: str, what: str, rows: pd.DataFrame, keys: Sequence[str], remedy: str) -> Problem:
    shown = "; ".join(
        " ".join(str(value) for value in row) for row in rows[[*keys]].to_numpy()[:_SHOWN].tolist()
    )
    return Problem(where, f"{what}: {shown}{_more(len(rows), 'rows')}", remedy)


def _named(name: object) -> str:
    return " ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)


def _more(count: int, noun: str) -> str:
    return f" ({count:,} such {noun})" if count > _SHOWN else ""


def unknown_variables(
    columns: Sequence[str], margins: pd.DataFrame, unknowable: Mapping[str, object]
) -> Iterator[Problem]:
    """Margins of what was not asked, and settings for what has no margin."""
    variables = list(dict.fromkeys(margins["variable"]))
    for name in variables:
        if name not in columns:
            yield Problem(
                f"margins of {name}",
                "no column of the rows bears that name",
                "Ask it in the form, correct the name, or leave the margin out",
            )
    for name in unknowable:
        if variables and name not in variables:
            yield Problem(
                f"unknowable: {name}", "it has no margin", f"Name one of {', '.join(variables)}"
            )
