"""What a file holds that does not fit: row, column, rule and value, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from processing.datasets.folders import DatasetError

SHOWN = 50
_LONGEST_VALUE = 60


@dataclass(frozen=True)
class Misread:
    """A value that does not fit, in the first row that holds it."""

    row: int
    """As a spreadsheet counts: the header of a .csv is row 1; of a .sav, the first case is row 1."""
    column: str
    rule: str
    value: str
    rows: int
    """How many rows hold it."""

    def __str__(self) -> str:
        shown = (
            self.value if len(self.value) <= _LONGEST_VALUE else f"{self.value[:_LONGEST_VALUE]}…"
        )
        more = f" (in {self.rows} rows, this is the first)" if self.rows > 1 else ""
        return f"row {self.row}, {self.column}: {self.rule}; found {shown!r}{more}"


class ImportRefusedError(DatasetError):
    """A file that does not fit its map and its instrument; nothing was written."""

    def __init__(self, file: str, problems: Sequence[Misread]) -> None:
        self.problems = tuple(problems)
        self.cells = sum(problem.rows for problem in problems)
        shown = "\n".join(f"  {problem}" for problem in self.problems[:SHOWN])
        rest = len(self.problems) - SHOWN
        more = f"\n  … and {rest} more" if rest > 0 else ""
        counted = "1 cell does" if self.cells == 1 else f"{self.cells} cells do"
        listed = (
            ""
            if len(problems) == self.cells
            else f" ({len(problems)} listed; a value that several rows hold is listed once)"
        )
        super().__init__(
            f"{file}: {counted} not fit{listed}, and nothing was written. Correct the file, or say"
            f" in the map what these values mean:\n{shown}{more}"
        )


@dataclass
class Refusals:
    """Collects what does not fit while a file is read."""

    found: list[Misread] = field(default_factory=list)

    def add(self, rows: Sequence[int], column: str, rule: str, value: str) -> None:
        """Tell of a value that stands in these rows of the file."""
        self.found.append(Misread(int(rows[0]), column, rule, value, len(rows)))

    def error(self, file: str) -> ImportRefusedError:
        """All of it, by row."""
        return ImportRefusedError(file, sorted(self.found, key=lambda one: (one.row, one.column)))

    def stop_if_any(self, file: str) -> None:
        if self.found:
            raise self.error(file)
