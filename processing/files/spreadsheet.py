"""An .xlsx workbook: a sheet of answers, one of the codebook, one of the scales."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from processing.datasets.codebook import Codebook, Variable

from .codebook_rows import (
    CODEBOOK_COLUMNS,
    SCALE_COLUMNS,
    codebook_rows,
    scale_rows,
)
from .safe_text import cut, safe_texts

LONGEST_CELL = 32_767
ROWS_OF_A_SHEET = 1_048_576


class TooManyRowsError(Exception):
    """A spreadsheet's sheet has no room for the answers."""


def write_xlsx(
    batches: Iterable[pd.DataFrame],
    variables: Sequence[Variable],
    codebook: Codebook,
    language: str,
    path: Path,
) -> list[str]:
    """Write a batch at a time and return what had to be changed. Raises OSError, TooManyRowsError."""
    with _workbook(path) as book:
        notes = _write_answers(book.add_worksheet("answers"), batches, variables)
        explained = [[*CODEBOOK_COLUMNS], *codebook_rows(variables, language)]
        _write_texts(book.add_worksheet("codebook"), explained)
        scales = [[*SCALE_COLUMNS], *scale_rows(codebook, language)]
        _write_texts(book.add_worksheet("scales"), scales)
    return notes


@contextlib.contextmanager
def _workbook(path: Path) -> Iterator[xlsxwriter.Workbook]:
    """A workbook whose rows wait in files beside it, where answers may lie, and not in /tmp."""
    with TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as scratch:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "tmpdir": scratch,
        }
        book = xlsxwriter.Workbook(path, options)
        try:
            yield book
            book.close()
        except FileCreateError as error:
            raise OSError(str(error)) from error
        finally:
            # After a failure the sheets' files are still open, and would keep the disk full.
            for sheet in book.worksheets():
                for handle in (sheet.row_data_fh, sheet.fh):
                    with contextlib.suppress(OSError, AttributeError):
                        handle.close()
            book.fileclosed = True


def _write_answers(
    sheet: Worksheet, batches: Iterable[pd.DataFrame], variables: Sequence[Variable]
) -> list[str]:
    sheet.freeze_panes(1, 1)
    texts = [v.name for v in variables if v.type == "string"]
    for place, variable in enumerate(variables):
        sheet.write_string(0, place, variable.name)
    first, too_long = 1, 0
    for batch in batches:
        if first + len(batch) > ROWS_OF_A_SHEET:
            raise TooManyRowsError
        for row, values in enumerate(safe_texts(batch, texts).itertuples(index=False), first):
            for place, value in enumerate(values):
                if isinstance(value, str):
                    too_long += len(value) > LONGEST_CELL
                    sheet.write_string(row, place, cut(value, LONGEST_CELL))
                elif value == value:  # noqa: PLR0124 -- NaN: too few answers, an empty cell
                    sheet.write_number(row, place, value)
        first += len(batch)
    if not too_long:
        return []
    return [
        f"{too_long} texts are longer than the {LONGEST_CELL} characters of a cell, and end in “…”."
    ]


def _write_texts(sheet: Worksheet, rows: Iterable[Sequence[str]]) -> None:
    sheet.freeze_panes(1, 1)
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write_string(place, column, cut(cell, LONGEST_CELL))
