"""The CSV files that tell of places, and the rules that each keeps to before anything is made of it.

A study's areas, groups, plans and register counts come in the same files, whether they are loaded into
a study of one's own or lie beside the answers of another system.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from instruments import Form, Kind
from survey.csv_files import Column, CsvFile, Row, count, day, key_text, read_csv, text, truth

_AREA = Column("area", text)
_FROM = Column("valid_from", day)
_TO = Column("valid_to", day, needed=False)

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "areas": (
        Column("area", key_text),
        Column("name", text),
        Column("level", text, needed=False, otherwise="afdeling"),
        Column("dwellings", count, needed=False),
        Column("residents", count, needed=False),
        Column("valid_from", day, needed=False),
        _TO,
    ),
    "successions": (Column("from_area", text), Column("to_area", text), Column("date", day)),
    "groups": (
        Column("area_group", text),
        Column("name", text),
        Column("level", text, needed=False, otherwise="boligområde"),
        _AREA,
        _FROM,
        _TO,
    ),
    "statuses": (_AREA, Column("status", text), _FROM, _TO),
    "plans": (Column("plan", text), Column("name", text), Column("kind", text)),
    "area-plans": (_AREA, Column("plan", text), _FROM, _TO),
    "margins": (
        Column("area", text, needed=False),
        Column("area_group", text, needed=False),
        Column("variable", text),
        Column("category", text),
        Column("count", count),
        Column("ordered", truth, needed=False, otherwise=False),
    ),
    "invited": (
        _AREA,
        Column("stratum", text, needed=False, otherwise=""),
        Column("invited", count),
        Column("refused", count, needed=False, otherwise=0),
        Column("unreachable", count, needed=False, otherwise=0),
    ),
}
"""Each kind of file, by the name of its command or option, and its columns."""

_ONCE: Mapping[str, tuple[str, ...]] = {
    "areas": ("area",),
    "successions": ("from_area", "to_area"),
    "groups": ("area_group", "area", "valid_from"),
    "statuses": ("area", "status", "valid_from"),
    "plans": ("plan",),
    "area-plans": ("area", "plan", "valid_from"),
    "margins": ("area", "area_group", "variable", "category"),
    "invited": ("area", "stratum"),
}
"""What no two rows of a file have in common."""


@dataclass(frozen=True)
class Known:
    """The keys that a file may name, and what to do about one that is not among them."""

    areas: Collection[str] = ()
    groups: Collection[str] = ()
    plans: Collection[str] = ()
    remedy: str = "Load it first with: beboerpuls study {}"
    """Ends in the kind of file that has to name it."""

    def of(self, kind: str, column: str) -> tuple[Collection[str], str] | None:
        """What a column may hold, and the kind of file that says so; None where it is free."""
        if column in {"from_area", "to_area"} or (column == "area" and kind != "areas"):
            return self.areas, "areas"
        if column == "area_group" and kind != "groups":
            return self.groups, "groups"
        if column == "plan" and kind != "plans":
            return self.plans, "plans"
        return None


def read_places(
    kind: str, path: Path, known: Known, *, form: Form | None = None, empty: bool = False
) -> CsvFile:
    """Read a file of places; what breaks a rule is among its problems, for `finish` to tell.

    With `form` register counts of what it does not ask are problems. Raises CsvFileError where the
    file as a whole cannot be read, or has no rows and may not be `empty`.
    """
    file = read_csv(path, COLUMNS[kind], empty=empty)
    file.refuse_repeated(*_ONCE[kind])
    names = [column.name for column in COLUMNS[kind]]
    if "valid_from" in names:
        file.refuse_backwards("valid_from", "valid_to")
    for column in names:
        if there := known.of(kind, column):
            file.refuse_unknown(column, there[0], known.remedy.format(there[1]))
    match kind:
        case "successions":
            _refuse_own_successor(file)
        case "groups":
            _refuse_two_names(file)
        case "margins":
            _refuse_miscounted(file, form)
    return file


def overlapping(
    name: str, periods: Mapping[tuple[str, str, dt.date], dt.date | None]
) -> Iterator[str]:
    """One plan covers an area once at a time: of two periods nobody knows which one was meant.

    `periods` has the last day, or None, of each plan, area and first day; yields each clash in words.
    """
    for one, other in pairwise(sorted(periods)):
        if one[:2] == other[:2] and (periods[one] or dt.date.max) >= other[2]:
            yield (
                f"{name}: {one[0]} covers {one[1]} from {one[2]} until"
                f" {periods[one] or 'further notice'} and again from {other[2]}. End the first before"
                " the second begins, or leave one out."
            )


@dataclass(frozen=True)
class Misfit:
    """Why answers cannot be weighted to a count: the column, the rule in words and by its name."""

    column: str
    told: str
    rule: str
    values: Mapping[str, str]


def misfit(form: Form, variable: str, category: str) -> Misfit | None:
    """What is wrong with a count's variable or category, or None."""
    option, _, code = variable.rpartition("_")
    if option in form.columns and form.item_of(option).item.kind is Kind.MULTIPLE:
        codes = form.item_of(option).item.responses.codes
        fits = code in {str(one) for one in codes}
        allowed = ["0", "1"]
    elif variable in form.columns:
        item = form.item_of(variable).item
        fits = item.kind not in {Kind.MULTIPLE, Kind.TEXT, Kind.RANKING}
        allowed = [str(one) for one in item.responses.codes] if item.kind is Kind.SINGLE else []
    else:
        fits, allowed = False, []
    if not fits:
        told = "is not asked in this wave so that it could be counted by category."
        return Misfit("variable", told, "not_asked", {})
    if allowed and category not in allowed:
        codes_said = ", ".join(allowed)
        told = f"is no code of {variable}; codes are {codes_said}."
        return Misfit("category", told, "no_code", {"variable": variable, "codes": codes_said})
    return None


def _refuse_own_successor(file: CsvFile) -> None:
    for row in file.rows:
        if row["from_area"] is not None and row["from_area"] == row["to_area"]:
            file.problem(row, "to_area", row["to_area"], "is the same area; name its successor.")


def _refuse_two_names(file: CsvFile) -> None:
    first: dict[str, Row] = {}
    for row in file.rows:
        known = first.setdefault(row["area_group"], row)
        for column in ("name", "level"):
            if row[column] != known[column]:
                rule = f"was {known[column]!r} in row {known.number}; a group has one {column}."
                file.problem(row, column, row[column], rule)


def _refuse_miscounted(file: CsvFile, form: Form | None) -> None:
    first: dict[str, Row] = {}
    for row in file.rows:
        known = first.setdefault(row["variable"], row)
        if row["ordered"] != known["ordered"]:
            rule = f"is not as in row {known.number}; categories of {row['variable']} have an order or not."
            file.problem(
                row, "ordered", "yes" if row["ordered"] else "no", rule,
                "ordered", first=known.number, variable=row["variable"],
            )  # fmt: skip
        if (row["area"] is None) == (row["area_group"] is None):
            both = "both" if row["area"] else "neither"
            rule = "filled; each row counts one place."
            file.problem(row, "area, area_group", both, rule, f"{both}_filled")
        if form is not None and row["variable"] is not None and row["category"] is not None:
            found = misfit(form, row["variable"], row["category"])
            if found:
                value = row[found.column]
                file.problem(row, found.column, value, found.told, found.rule, **found.values)
