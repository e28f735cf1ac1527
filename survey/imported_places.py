"""What is known of the places of an earlier survey, read from the files that a study's own come in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from processing import TABLES, AnswersRead, margin_contradictions
from survey.csv_files import CsvFile, CsvFileError, Row
from survey.place_files import COLUMNS, Known, overlapping, read_places

TABLE_OF: Mapping[str, str] = {
    "areas": "areas",
    "successions": "area_succession",
    "groups": "area_group",
    "statuses": "area_status",
    "plans": "plans",
    "area-plans": "area_plan",
    "margins": "margins",
    "invited": "dispositions",
}
"""Each kind of file, and the table of a dataset that it becomes."""


@dataclass(frozen=True)
class PlacesRead:
    """The tables of files that could be read, and what is wrong with all of them."""

    tables: Mapping[str, pd.DataFrame]
    """Rows that hold what their table needs; where there are `problems`, to hold answers against."""
    problems: Sequence[str]


def tables_of(files: Mapping[str, Path], read: AnswersRead | None) -> PlacesRead:
    """Read the files of an import, by kind, as a dataset's tables.

    Files may name the areas of `files["areas"]`, or without one those that answers name. Without
    `read`, whose own map was refused, files are held against each other alone.
    """
    held = _Held(files, read)
    rows = {kind: held.rows(kind) for kind in TABLE_OF if kind in files}
    if "area-plans" in rows:
        periods = {
            (row["plan"], row["area"], row["valid_from"]): row["valid_to"]
            for row in rows["area-plans"]
            if None not in (row["plan"], row["area"], row["valid_from"])
        }
        held.problems += overlapping(files["area-plans"].name, periods)
    whole = {kind: [row for row in of if _filled(kind, row)] for kind, of in rows.items()}
    # Of a file that lacks rows it cannot be said what is not in it.
    sound = [
        kind for kind in rows if kind not in held.unread and len(whole[kind]) == len(rows[kind])
    ]
    tables = {TABLE_OF[kind]: _table(kind, whole[kind]) for kind in sound}
    if "margins" in rows and read is not None and ("groups" not in files or "groups" in sound):
        counts = _table("margins", _counted_whole(rows["margins"]))
        told = _contradicting(tables | {"margins": counts}, read)
        held.problems += [f"{files['margins'].name}: {one}" for one in told]
    return PlacesRead(tables, held.problems)


class _Held:
    """Files read one after the other, each held against the keys that those before it gave."""

    def __init__(self, files: Mapping[str, Path], read: AnswersRead | None) -> None:
        self.files = files
        self.form = read.form if read else None
        self.problems: list[str] = []
        self.unread: set[str] = set()
        # Of a file that was not given, or not readable, nothing is known: it refuses no key.
        self.keys: dict[str, set[str]] = {"areas": set(read.areas)} if read else {}

    def rows(self, kind: str) -> list[Row]:
        try:
            file = read_places(kind, self.files[kind], self._known(), form=self.form)
        except CsvFileError as error:
            self.problems += error.problems
            self.unread.add(kind)
            return []
        if not file.whole:
            self.unread.add(kind)
        if kind in {"areas", "plans", "groups"}:
            column = {"areas": "area", "plans": "plan", "groups": "area_group"}[kind]
            self.keys[kind] = {row[column] for row in file.rows}
        self.problems += self._but_unknown(file, kind)
        return file.rows

    def _known(self) -> Known:
        found = {kind: self.keys.get(kind, set()) for kind in ("areas", "groups", "plans")}
        return Known(**found, remedy="List it in the file of --{}")

    def _but_unknown(self, file: CsvFile, kind: str) -> list[str]:
        """Its problems; where the answers could not be read, and no file lists areas, not theirs."""
        lists_areas = "areas" in self.keys or kind == "areas"
        remedy = "List it in the file of --areas"
        return [one for one in file.problems if lists_areas or not one.endswith(remedy)]


def _filled(kind: str, row: Row) -> bool:
    """Whether a row holds all that its table cannot be without; a cell that broke a rule is empty."""
    return all(row[column.name] is not None for column in COLUMNS[kind] if column.needed)


def _counted_whole(rows: list[Row]) -> list[Row]:
    """The counts of places and variables of which every row could be read: others add up to less."""
    broken = {
        (row["area"], row["area_group"], row["variable"])
        for row in rows
        if not _filled("margins", row)
    }
    return [
        row
        for row in rows
        if (row["area"], row["area_group"], row["variable"]) not in broken
        and (row["area"] is None) != (row["area_group"] is None)
    ]


def _table(kind: str, rows: list[Row]) -> pd.DataFrame:
    told = {column.name for column in COLUMNS[kind]}
    columns = [name for name in TABLES[TABLE_OF[kind]].names if name in told]
    if kind == "margins" and any(row["ordered"] for row in rows):
        columns.append("ordered")
    return pd.DataFrame(
        [{name: _plain(row[name]) for name in columns} for row in rows],
        columns=columns,
        dtype=object,
    ).astype({"ordered": bool} if "ordered" in columns else {})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _contradicting(tables: Mapping[str, pd.DataFrame], read: AnswersRead) -> list[str]:
    """Register counts that cannot all be met; groups are as on the last day anybody answered."""
    members = tables.get("area_group", pd.DataFrame(columns=TABLES["area_group"].names))
    day = read.last_day or "9999-12-31"
    lasting = (members["valid_from"] <= day) & (members["valid_to"].fillna("9999-12-31") >= day)
    margins = tables["margins"].assign(wave=read.facts.wave)
    counted = margins.assign(count=margins["count"].astype(int))
    return [str(one) for one in margin_contradictions(counted, members[lasting], read.answers)]
