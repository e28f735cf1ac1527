"""The frozen dataset: the only door between asking and measuring.

A wave is one immutable folder: responses (Parquet, a row a response, sorted by row id), the tables
that measures need, the instrument files that were pinned, the codebook, and a manifest that seals
it all. The same answers give the same bytes, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .codebook import Codebook
from .columns import TYPES, answers_table
from .completion import OPENED, Completion, completion_of
from .folders import DatasetError, appearing, read_manifest, refuse_taken, seal, write_file
from .tables import TABLES, arrange, write_parquet

RESPONSES = "responses"
# Of texts on paper: in which language each is written. Rows of people too, and erased with theirs.
TEXT_LANGUAGES = "text_languages"
_TEXT_LANGUAGES = pa.schema({name: pa.string() for name in ("row_id", "variable", "language")})
CODEBOOK = "codebook.json"
REVOKED = "revoked.json"
ROWS_A_PART = 500_000
ROWS_A_BATCH = 2**16


@dataclass(frozen=True)
class WaveFacts:
    """What the manifest says about a wave beyond its content. No clock: it would change the bytes."""

    study: str
    wave: int
    legal_basis: str
    """consent or research; "" where an imported file does not say."""
    languages: tuple[str, ...] = ()
    unreviewed_languages: tuple[str, ...] = ()
    """Languages whose texts no native speaker has reviewed."""
    form: tuple[Mapping[str, Any], ...] = ()
    """The pinned instruments in order: name, version, hashes."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Answers counted and not kept here, as {"superseded": 3, "withdrawn": 1, "opened": 2}."""
    supersedes: str = ""
    """The hash of the dataset that this one replaces."""
    analysis_plans: tuple[str, ...] = ()
    """SHA-256 of the plans that were registered before this wave was frozen,"""
    analysis_plan_days: Mapping[str, str] = field(default_factory=dict)
    """and the day of each; the time of day stands in the audit's chain."""
    terms: Mapping[str, Any] = field(default_factory=dict)
    """What the last of them lays down for all that is made of the dataset; see `StudyTerms`."""
    source: Mapping[str, str] = field(default_factory=dict)
    """Of an import: the file's name and SHA-256, the map's SHA-256."""


def write_wave(
    folder: Path | str,
    *,
    responses: pd.DataFrame | Iterable[pd.DataFrame],
    tables: Mapping[str, pd.DataFrame],
    codebook: Codebook,
    instrument_files: Mapping[str, bytes],
    facts: WaveFacts,
    text_languages: Iterable[tuple[str, str, str]] = (),
) -> Dataset:
    """Write a wave's immutable folder, whole or not at all, and return it for reading.

    `responses` has the codebook's columns; frames in pieces must come sorted by row id. Tables not
    given are written empty; see `processing.TABLES` for their columns. `instrument_files`
    maps a path below `instruments/` to the file's bytes. `text_languages` says of open texts in which
    language each is written, where that was noted: row id, variable, language.

    Raises DatasetError when the folder holds anything, an answer does not fit the codebook, or the disk
    fails; nothing is left behind then.
    """
    folder = Path(folder)
    refuse_taken(folder)
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise DatasetError(
            f"{folder}: no dataset has a table named {', '.join(unknown)}."
            f" Give {', '.join(TABLES)} or some of them."
        )
    arranged = {name: arrange(name, tables.get(name)) for name in TABLES}
    with appearing(folder) as partial:
        rows = _write_responses(partial / RESPONSES, responses, codebook)
        for name, table in arranged.items():
            write_parquet(table, partial / f"{name}.parquet")
        _write_text_languages(partial / TEXT_LANGUAGES, text_languages)
        for name, content in sorted(instrument_files.items()):
            write_file(partial / "instruments", name, content)
        write_file(partial, CODEBOOK, codebook.to_json().encode())
        counts = {RESPONSES: rows} | {name: table.num_rows for name, table in arranged.items()}
        seal(partial, {"kind": "wave", **asdict(facts), "rows": counts})
    return read_wave(folder)


def _write_responses(
    folder: Path, responses: pd.DataFrame | Iterable[pd.DataFrame], codebook: Codebook
) -> int:
    folder.mkdir()
    frames = [responses] if isinstance(responses, pd.DataFrame) else responses
    parts, last, rows = 0, "", 0
    for frame in frames:
        table = answers_table(frame, codebook)
        for start in range(0, table.num_rows, ROWS_A_PART):
            part = table.slice(start, ROWS_A_PART)
            last = _after(last, part)
            write_parquet(part, folder / f"part-{parts:05}.parquet")
            parts, rows = parts + 1, rows + part.num_rows
    if not parts:
        write_parquet(response_schema(codebook).empty_table(), folder / "part-00000.parquet")
    return rows


def _write_text_languages(folder: Path, noted: Iterable[tuple[str, str, str]]) -> None:
    """Nothing at all where none was noted: most datasets have no paper."""
    rows = sorted(noted)
    if rows:
        folder.mkdir()
        columns = [list(column) for column in zip(*rows, strict=True)]
        table = pa.table(dict(zip(_TEXT_LANGUAGES.names, columns, strict=True)), _TEXT_LANGUAGES)
        write_parquet(table, folder / "part-00000.parquet")


def _after(last: str, part: pa.Table) -> str:
    first, new_last = part["row_id"][0].as_py(), str(part["row_id"][-1].as_py())
    if last >= first:
        raise DatasetError(
            f"row {first!r} comes after row {last!r}: responses given in pieces must be sorted by"
            " row id without repeats. Sort them, or give one frame."
        )
    return new_last


def response_schema(codebook: Codebook) -> pa.Schema:
    return pa.schema({variable.name: TYPES[variable.type] for variable in codebook.variables})


@dataclass(frozen=True)
class Dataset:
    """A wave's folder, read when asked."""

    folder: Path
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def hash(self) -> str:
        """What every figure made from it names as its source."""
        return str(self.manifest["hash"])

    @property
    def study(self) -> str:
        return str(self.manifest["study"])

    @property
    def wave(self) -> int:
        return int(self.manifest["wave"])

    @property
    def rows(self) -> int:
        return int(self.manifest["rows"][RESPONSES])

    def completion(self) -> Completion:
        """How many of the rows were finished; reads one column.

        Raises DatasetError where the rows of a revoked dataset were erased.
        """
        opened = int(self.manifest["counts"].get(OPENED, 0))
        return completion_of((batch["status"] for batch in self.batches(["status"])), opened)

    @property
    def revoked(self) -> bool:
        """Whether a successor has replaced it, as after a withdrawal."""
        return (self.folder / REVOKED).exists()

    @cached_property
    def codebook(self) -> Codebook:
        return Codebook.from_json((self.folder / CODEBOOK).read_bytes())

    def responses(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows, or these columns of them, in the order of the row ids."""
        names = [*(columns or self.codebook.names)]
        tables = []
        for path in self.parts:
            with _blaming(path):
                tables.append(pq.read_table(path, columns=names))
        frame: pd.DataFrame = pa.concat_tables(tables).to_pandas()
        return frame[names]

    def batches(
        self,
        columns: Sequence[str] | None = None,
        rows: int = ROWS_A_BATCH,
        parts: Collection[Path] | None = None,
    ) -> Iterator[pd.DataFrame]:
        """The rows in pieces of at most `rows`, so that memory does not grow with the wave.

        With `parts` only the rows of these files.
        """
        names = [*(columns or self.codebook.names)]
        for path in self.parts:
            if parts is not None and path not in parts:
                continue
            with _blaming(path):
                for batch in pq.ParquetFile(path).iter_batches(rows, columns=names):
                    yield batch.to_pandas()[names]

    @property
    def parts(self) -> tuple[Path, ...]:
        """The Parquet files of the responses: partitions for an engine of one's own.

        Raises DatasetError where the rows of a revoked dataset were erased.
        """
        found = tuple(sorted((self.folder / RESPONSES).glob("*.parquet")))
        if not found:
            reason = (
                "it is revoked and its rows are erased" if self.revoked else "its rows are gone"
            )
            raise DatasetError(
                f"{self.folder}: {reason}. Use the dataset that supersedes it, or get it again."
            )
        return found

    def table(self, name: str) -> pd.DataFrame:
        """One of the tables beside the responses, as `areas` or `dispositions`."""
        path = self.folder / f"{name}.parquet"
        with _blaming(path):
            frame: pd.DataFrame = pq.read_table(path).to_pandas()
        return frame

    def text_languages(self) -> pd.DataFrame:
        """In which language an open text is written, where that was noted: row_id, variable, language."""
        path = self.folder / TEXT_LANGUAGES / "part-00000.parquet"
        if not path.exists():
            nothing: pd.DataFrame = _TEXT_LANGUAGES.empty_table().to_pandas()
            return nothing
        with _blaming(path):
            frame: pd.DataFrame = pq.read_table(path).to_pandas()
        return frame

    @property
    def instrument_files(self) -> dict[str, bytes]:
        """The pinned files by their path below `instruments/`."""
        folder = self.folder / "instruments"
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Name the file that cannot be read: Parquet tells damage as it tells a failing disk."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(
            f"{path}: it cannot be read as Parquet ({error}). Check the dataset with beboerpuls"
            " dataset check, and get it again from its source."
        ) from error


def read_wave(folder: Path | str) -> Dataset:
    """Open a wave's folder; nothing but its manifest is read yet.

    What is made of it lies beside the folder itself, by whatever name it is called, as `.` or through
    a link. Raises DatasetError where the folder is no wave's dataset.
    """
    folder = Path(folder).resolve()
    manifest = read_manifest(folder)
    if manifest["kind"] != "wave":
        raise DatasetError(
            f"{folder}: it holds a {manifest['kind']}, not a wave's responses. Give a wave's folder."
        )
    return Dataset(folder, manifest)
