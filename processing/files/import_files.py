"""Files of other systems as columns of text, each value as it was written."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from numpy.typing import NDArray

from processing.datasets.folders import DatasetError

from .import_problems import Refusals

_LONGEST_FIELD = 2**24
_DELIMITERS = ",;\t|"


def read_file(path: Path, *, encoding: str, delimiter: str, problems: Refusals) -> pd.DataFrame:
    """Read a .csv or .sav, indexed by the file's row numbers; rows of a wrong length are told.

    Raises DatasetError where it can not be read at all.
    """
    if not path.is_file():
        raise DatasetError(f"{path}: there is no such file. Give a .csv or .sav.")
    match path.suffix.lower():
        case ".csv":
            return _read_csv(path, encoding, delimiter, problems)
        case ".sav":
            return _read_sav(path)
        case suffix:
            raise DatasetError(
                f"{path}: a {suffix or 'file without an ending'} cannot be imported."
                " Save it as .csv (UTF-8) or .sav."
            )


def _read_csv(path: Path, encoding: str, delimiter: str, problems: Refusals) -> pd.DataFrame:
    limit = csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(encoding=encoding, newline="") as file:
            separator = delimiter or _delimiter(file.readline())
            file.seek(0)
            rows = csv.reader(file, delimiter=separator, strict=True)
            header = next(rows, [])
            _refuse_header(path, header)
            good = dict(_rows(rows, len(header), problems))
            if not good and not problems.found:
                raise DatasetError(
                    f"{path}: it has a header and no rows. Give a file with at least one answer."
                )
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}: byte {error.start} is not {error.encoding}. Save the file as UTF-8, or name its"
            " encoding in the map, as encoding: latin-1."
        ) from error
    except LookupError as error:
        raise DatasetError(f"{path}: {error}. Correct the encoding in the map.") from error
    except csv.Error as error:
        raise DatasetError(
            f"{path}: it is not readable as CSV ({error}). Correct the file."
        ) from error
    finally:
        csv.field_size_limit(limit)
    columns = list(zip(*good.values(), strict=True)) or [()] * len(header)
    texts = [np.array(values, dtype=object) for values in columns]
    return pd.DataFrame(dict(zip(header, texts, strict=True)), index=[*good])


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _refuse_header(path: Path, header: list[str]) -> None:
    if not any(header):
        raise DatasetError(f"{path}: it has no header. The first line must name the columns.")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise DatasetError(
            f"{path}: the columns {', '.join(map(repr, repeated))} stand in the header more than once."
            " Give each column a name of its own."
        )


def _rows(
    rows: Iterator[list[str]], cells: int, problems: Refusals
) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, 2):  # the header is row 1
        if len(row) == cells:
            yield number, row
        elif row:  # an empty line at the end is no row
            problems.add([number], "the row", f"a row has {cells} cells", f"{len(row)} cells")


def _read_sav(path: Path) -> pd.DataFrame:
    try:
        frame, _ = pyreadstat.read_sav(path, user_missing=True)
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path}: it is not readable as .sav ({error}). Save it again from SPSS."
        ) from error
    texts = {str(name): _texts(frame[name]) for name in frame.columns}
    return pd.DataFrame(texts, index=range(1, len(frame) + 1))


def _texts(column: pd.Series) -> NDArray[np.object_]:
    """Numbers as they would be typed: 3.0 is 3, a system-missing value is empty."""
    if pd.api.types.is_numeric_dtype(column):
        values, where = np.unique(column.to_numpy(np.float64), return_inverse=True)
        written = ["" if np.isnan(value) else f"{value:.15g}" for value in values]
        return np.array(written, dtype=object)[where]
    return np.array(["" if value is None else str(value) for value in column], dtype=object)
