"""A dataset as a file for another program, with all that the codebook says in it or beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from processing.datasets.codebook import Variable
from processing.datasets.dataset import Dataset
from processing.datasets.folders import DatasetError
from processing.datasets.revoking import revocation_of
from processing.datasets.study import Study
from processing.scoring.by_wave import scores_of, with_scales
from processing.scoring.scales import score
from processing.scoring.score_variables import score_variables

from .codebook_rows import write_codebook_csv
from .labelled_files import write_dta, write_sav
from .open_texts import text_variables, write_open_texts
from .plain_files import write_csv, write_parquet_file
from .safe_text import file_stem
from .spreadsheet import ROWS_OF_A_SHEET, TooManyRowsError, write_xlsx

FORMATS = ("csv", "sav", "dta", "parquet", "xlsx")
ROWS_A_BATCH = 2**14


@dataclass(frozen=True)
class Exported:
    """The files that were written, and what a reader of them should know."""

    files: tuple[Path, ...]
    rows: int
    notes: tuple[str, ...]
    """What the format could not hold as it was, and whether the dataset is revoked."""


def export(
    dataset: Dataset | Study,
    file_format: str,
    out: Path | str,
    *,
    language: str = "da",
    scores: bool = True,
    texts_apart: bool = True,
) -> Exported:
    """Write a dataset's answers, and by default its scores, as one labelled file.

    CSV, Parquet and xlsx are written a batch at a time; .sav and .dta hold all rows in memory,
    for their writer takes a whole frame. CSV and Parquet get a codebook file beside them.

    Parameters
    ----------
    dataset
        A wave or a study.
    file_format
        csv, sav, dta, parquet or xlsx.
    out
        A folder, in which the file is named for study, wave and language; or the file itself, by
        a name that ends in the format.
    language
        Of the labels. What a language does not say is given in English, else in Danish.
    scores
        Whether the columns of `score` follow the answers.
    texts_apart
        Whether what people wrote is left out, and written beside as CSV with its language: a text
        may tell who somebody is, and the codes alone do not say in which language it is.

    Raises
    ------
    DatasetError
        The dataset has no labels in the language, the rows do not fit the format, or the disk
        failed; no file is left half written.

    """
    if file_format not in FORMATS:
        raise DatasetError(f"There is no format {file_format!r}. Choose {', '.join(FORMATS)}.")
    _refuse_language(dataset, language)
    apart = text_variables(dataset.codebook) if texts_apart else []
    variables = [v for v in dataset.codebook.variables if v.name not in apart]
    if scores:
        variables += [v for scale in dataset.codebook.scales for v in score_variables(scale)]
    path = _path(dataset, file_format, Path(out), language)
    notes = [warning] if (warning := revocation_of(dataset)) else []
    files = [path]
    notes += _write(path, lambda partial: _file(dataset, file_format, partial, variables, language))
    if file_format in {"csv", "parquet"}:
        beside = path.with_name(f"{path.stem}_codebook.csv")
        notes += _write(beside, lambda partial: write_codebook_csv(variables, language, partial))
        files.append(beside)
    if apart:
        texts = path.with_name(f"{path.stem}_open_text.csv")
        notes += _write(texts, lambda partial: _texts(dataset, partial))
        files.append(texts)
    return Exported(tuple(files), dataset.rows, tuple(notes))


def _texts(dataset: Dataset | Study, path: Path) -> list[str]:
    write_open_texts(dataset, path)
    return []


def _refuse_language(dataset: Dataset | Study, language: str) -> None:
    known = dict.fromkeys(name for v in dataset.codebook.variables for name in v.labels)
    if language not in known:
        raise DatasetError(
            f"{dataset.folder}: no label is in the language {language!r}. Choose {', '.join(known)}."
        )


def _path(dataset: Dataset | Study, file_format: str, out: Path, language: str) -> Path:
    if out.suffix == f".{file_format}":
        if out.stem != file_stem(out.stem):
            raise DatasetError(
                f"{out}: archives take file names of letters, digits, _ and - only. Call it"
                f" {file_stem(out.stem)}.{file_format}."
            )
        return out
    if out.suffix and not out.is_dir():
        raise DatasetError(
            f"{out}: it does not end in .{file_format}. Give a folder, or such a name."
        )
    part = f"wave{dataset.wave}" if isinstance(dataset, Dataset) else ""
    revoked = "revoked" if dataset.revoked else ""
    return out / f"{file_stem(dataset.study, part, language, revoked)}.{file_format}"


def _file(
    dataset: Dataset | Study,
    file_format: str,
    path: Path,
    variables: list[Variable],
    language: str,
) -> list[str]:
    title = f"{dataset.study}, dataset {dataset.hash[:12]}"
    batches = _batches(dataset, [v.name for v in variables])
    match file_format:
        case "csv":
            write_csv(batches, variables, path)
        case "parquet":
            write_parquet_file(batches, variables, language, path)
        case "xlsx":
            return write_xlsx(batches, variables, dataset.codebook, language, path)
        case _:
            write = write_sav if file_format == "sav" else write_dta
            frame = pd.concat([*batches], ignore_index=True)
            return write(frame, variables, language, path, title)
    return []


def _batches(dataset: Dataset | Study, names: list[str]) -> Iterator[pd.DataFrame]:
    """Batches with their scores; at least one, for a file without rows still has columns."""
    if not dataset.rows:
        nobody = dataset.responses()[:0]
        yield pd.concat([nobody, score(nobody, dataset.codebook)], axis=1)[names]
    for batch, own in with_scales(dataset, rows=ROWS_A_BATCH):
        if len(batch):
            yield pd.concat([batch, scores_of(dataset, batch, own)], axis=1)[names]


def _write(path: Path, write: Callable[[Path], list[str]]) -> list[str]:
    """Write beside and rename, so that nobody reads half a file."""
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        notes = write(partial)
        partial.replace(path)
    except TooManyRowsError:
        raise DatasetError(
            f"{path}: a sheet holds {ROWS_OF_A_SHEET - 1} answers, the dataset has more. Export to"
            " csv, parquet, sav or dta."
        ) from None
    except OSError as error:
        raise DatasetError(
            f"{path}: writing failed ({error.strerror or error}), and no half file was left. Make"
            " room, or give a folder that may be written to."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return notes
