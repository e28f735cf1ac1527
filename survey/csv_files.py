"""Reads the CSV files that a study brings, and says everything that is wrong with one at once.

Spreadsheets write them in several ways: with commas, semicolons or tabs, with or without the mark
at the start. All of these are read; anything that could be read in two ways is refused.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

_SEPARATORS = ",;\t"
_LONGEST_TEXT = 200
# More than this is no list of areas but a wrong file; it would fill the memory before it is told.
_LARGEST_FILE = 200 * 2**20


class Fault(str):
    """One problem of a file in English, with the rule and the values that a page says it by.

    Rules stand in the desk's words as `csv.RULE`; one without a rule is told as it is.
    """

    __slots__ = ("rule", "values")
    rule: str
    values: Mapping[str, Any]

    def __new__(cls, told: str, rule: str = "", **values: Any) -> Self:
        fault = super().__new__(cls, told)
        fault.rule, fault.values = rule, values
        return fault


class CellError(ValueError):
    """A cell that breaks a rule, which pages know by a name."""

    def __init__(self, told: str, rule: str, **values: Any) -> None:
        super().__init__(told)
        self.rule, self.values = rule, values


class CsvFileError(Exception):
    """A file that cannot be taken as it is; carries every problem, a line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Column:
    """One column of a file: its name, how a cell is read, and whether each row must fill it.

    `read` raises ValueError with the rule that the cell broke.
    """

    name: str
    read: Callable[[str], Any]
    needed: bool = True
    otherwise: Any = None  # what an empty cell means


@dataclass(frozen=True)
class Row:
    """One row, numbered as a spreadsheet does: the header is row 1."""

    number: int
    values: dict[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]


@dataclass
class CsvFile:
    """A file's rows, and what was found wrong so far."""

    name: str
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    whole: bool = True
    """False where a line could not be told apart into cells, and is no row."""

    def problem(
        self, row: Row | int, column: str, value: object, told: str, rule: str = "", **values: Any
    ) -> None:
        """Remember one problem: where, what stands there, and the rule in words and by its name."""
        number = row.number if isinstance(row, Row) else row
        where = f"{self.name}, row {number}, column {column}: {value!r} {told}"
        values = {"row": number, "column": column, "received": value} | values
        self.problems.append(Fault(where, rule, **values))

    def refuse_repeated(self, *columns: str) -> None:
        """A row that names what an earlier row named is a problem."""
        first: dict[tuple[Any, ...], int] = {}
        for row in self.rows:
            key = tuple(row[column] for column in columns)
            if key in first:
                shown = " + ".join(str(part) for part in key if part is not None)
                rule = f"stands in row {first[key]} already; leave one of the two."
                self.problem(row, ", ".join(columns), shown, rule, "repeated", first=first[key])
            first.setdefault(key, row.number)

    def refuse_backwards(self, start: str, end: str) -> None:
        """A period that ends before it begins is a problem."""
        for row in self.rows:
            if row[start] and row[end] and row[end] < row[start]:
                self.problem(row, end, f"{row[end]}", f"is before {start}, {row[start]}.")

    def refuse_unknown(self, column: str, known: Iterable[str], remedy: str) -> None:
        """A cell that names something the study does not have is a problem."""
        there = set(known)
        for row in self.rows:
            if row[column] is not None and row[column] not in there:
                rule = f"is not in the study. {remedy}"
                self.problem(row, column, row[column], rule, "unknown")

    def finish(self) -> list[Row]:
        """The rows, or CsvFileError with all problems."""
        if self.problems:
            raise CsvFileError(self.problems)
        return self.rows


def read_csv(path: Path, columns: Sequence[Column], *, empty: bool = False) -> CsvFile:
    """Read a file with these columns; problems of single cells are remembered, not raised.

    Raises CsvFileError where the file as a whole cannot be read, or has no rows and may not be
    `empty`.
    """
    lines = csv.reader(io.StringIO(text := _text(path)), delimiter=_separator(text), strict=True)
    file = CsvFile(path.name)
    try:
        header = [name.strip() for name in next(lines, [])]
        _check_header(path.name, header, columns)
        readers = {column.name: column for column in columns}
        for number, cells in enumerate(lines, start=2):
            if not any(cell.strip() for cell in cells):
                continue  # spreadsheets leave empty rows at the end
            if len(cells) != len(header):
                file.whole = False
                there, named = len(cells), len(header)
                file.problems.append(
                    Fault(
                        f"{path.name}, row {number}: has {there} cells where the header has "
                        f"{named}. Put quotes around text that holds a separator.",
                        "cells", row=number, there=there, named=named,
                    )
                )  # fmt: skip
                continue
            values = {column.name: column.otherwise for column in columns}
            for name, cell in zip(header, cells, strict=True):
                values[name] = _read(file, number, readers[name], cell)
            file.rows.append(Row(number, values))
    except csv.Error as error:
        told = f"{path.name}, line {lines.line_num}: {error}."
        raise CsvFileError([Fault(told, "broken", row=lines.line_num)]) from None
    if not file.rows and not file.problems and not empty:
        told = f"{path.name}: has a header and no rows. Fill it in, or leave it out."
        raise CsvFileError([Fault(told, "no_rows")])
    return file


def text(cell: str) -> str:
    """Words that can be seen, not too many."""
    if len(cell) > _LONGEST_TEXT:
        told = f"has {len(cell)} signs; {_LONGEST_TEXT} are allowed."
        raise CellError(told, "long", n=len(cell), most=_LONGEST_TEXT)
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co"} for sign in cell):
        raise CellError("holds signs that cannot be seen; write it anew.", "unseen")
    return unicodedata.normalize("NFC", cell)


def key_text(cell: str) -> str:
    """A name that other files carry on, where a spreadsheet must not run it as a formula."""
    if cell[0] in "=+-@":
        raise ValueError(f"begins with {cell[0]}, as a formula; begin with a letter or a digit.")
    return text(cell)


def one_of(*words: str) -> Callable[[str], str]:
    """One of a few words."""

    def read(cell: str) -> str:
        if cell not in words:
            raise ValueError(f"must be one of: {', '.join(words)}.")
        return cell

    return read


def count(cell: str) -> int:
    """A whole number, 0 or more."""
    if not (cell.isascii() and cell.isdecimal()) or len(cell) > 9:
        raise CellError("must be a whole number, 0 or more, in digits alone.", "count")
    return int(cell)


def truth(cell: str) -> bool:
    """Yes or no, in English or Danish."""
    known = {"yes": True, "ja": True, "1": True, "no": False, "nej": False, "0": False}
    if cell.lower() not in known:
        raise CellError("must be yes or no.", "truth")
    return known[cell.lower()]


def weight(cell: str) -> float:
    """A number above 0, with point or comma."""
    try:
        value = float(cell.replace(",", "."))
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise ValueError("must be a number above 0, as 1 or 2.5.")
    return value


def day(cell: str) -> dt.date:
    """A day as 2026-12-01; 01-12-2026 could be read in two ways."""
    try:
        value = dt.datetime.strptime(cell, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        value = dt.date.min
    if not 1800 <= value.year <= 2200:
        raise ValueError("must be a day as 2026-12-01: year, month, day.")
    return value


def _read(file: CsvFile, number: int, column: Column, cell: str) -> Any:
    cell = cell.strip()
    if not cell:
        if column.needed:
            rule = "is empty; each row must have it."
            file.problem(number, column.name, cell, rule, "needed")
        return column.otherwise
    try:
        return column.read(cell)
    except CellError as error:
        file.problem(number, column.name, cell[:60], str(error), error.rule, **error.values)
        return column.otherwise
    except ValueError as error:
        file.problem(number, column.name, cell[:60], str(error))
        return column.otherwise


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise CsvFileError([f"{path.name}: is larger than 200 MB. Split it."])
        content = path.read_bytes()
    except OSError as error:
        raise CsvFileError(
            [
                f"{path} cannot be read: {error.strerror}. Name a file that is there and that you may read."
            ]
        ) from None
    try:
        found = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        told = f"{path.name}, line {line}: is not UTF-8. Save it as 'CSV UTF-8' and try again."
        raise CsvFileError([Fault(told, "encoding", row=line)]) from None
    if not found.strip():
        raise CsvFileError([Fault(f"{path.name}: is empty.", "empty")])
    if "\0" in found:
        told = f"{path.name}: holds NUL signs; it is no CSV file."
        raise CsvFileError([Fault(told, "no_csv")])
    return found


def _separator(content: str) -> str:
    header = content.lstrip().splitlines()[0]
    return max(_SEPARATORS, key=header.count)


def _check_header(name: str, header: list[str], columns: Sequence[Column]) -> None:
    known = ", ".join(column.name for column in columns)
    problems = [
        Fault(
            f"{name}, row 1: {found!r} is not a column of this file. Columns are: {known}.",
            "no_column", received=found, known=known,
        )
        for found in header
        if found not in known.split(", ")
    ]  # fmt: skip
    problems += [
        Fault(
            f"{name}, row 1: the column {column.name!r} is missing.",
            "missing_column", column=column.name,
        )
        for column in columns
        if column.needed and column.name not in header
    ]  # fmt: skip
    problems += [
        Fault(
            f"{name}, row 1: the column {found!r} stands {header.count(found)} times.",
            "column_twice", received=found, n=header.count(found),
        )
        for found in dict.fromkeys(header)
        if header.count(found) > 1
    ]  # fmt: skip
    if problems:
        raise CsvFileError(problems)
