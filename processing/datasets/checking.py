"""Whether a dataset is still what was sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .codebook import Codebook, write_json
from .columns import fit_misfits, name_misfits
from .dataset import (
    CODEBOOK,
    RESPONSES,
    REVOKED,
    TEXT_LANGUAGES,
    Dataset,
    read_wave,
    response_schema,
)
from .folders import (
    MANIFEST,
    TOLD,
    DatasetError,
    files_of,
    fingerprint,
    manifest_hash,
    read_manifest,
)
from .revoking import revocation_notice
from .tables import TABLES

_GET_AGAIN = (
    "Do not use this copy: get it from its source again, or freeze the wave anew if it is yours"
)


@dataclass(frozen=True)
class Difference:
    """One way in which a dataset is not what it should be."""

    file: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}. {self.remedy}."


def check(folder: Path | str) -> list[Difference]:
    """Everything that differs from what was sealed; an empty list where nothing does.

    Files changed, missing or added; the manifest itself; numbers of rows; columns and codes that
    the codebook does not know; a revocation. A study's waves are checked one by one. Raises
    DatasetError where the folder is no dataset at all.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    differences = [*_manifest_differences(folder, manifest)]
    if manifest["kind"] == "study":
        return [*differences, *_wave_differences(folder, manifest)]
    files = [*_file_differences(folder, manifest)]
    differences += files
    # A changed file cannot be trusted to be readable; its content has been told already.
    if (folder / REVOKED).exists():
        notice = revocation_notice(folder)
        differences.append(Difference(REVOKED, notice.what, notice.remedy))
    elif manifest["kind"] == "wave" and not files:
        differences += _content_differences(read_wave(folder))
    return differences


def _manifest_differences(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Difference]:
    if manifest["hash"] != manifest_hash(manifest):
        yield Difference(
            MANIFEST,
            f"its content gives the hash {manifest_hash(manifest)}, it says {manifest['hash']}",
            _GET_AGAIN,
        )
    elif (folder / MANIFEST).read_bytes() != write_json(manifest).encode():
        yield Difference(MANIFEST, "it was written over by another program", _GET_AGAIN)


def _file_differences(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Difference]:
    sealed: Mapping[str, Any] = manifest["files"]
    present = [name for name in files_of(folder) if name not in {REVOKED, TOLD}]
    # Rows that were revoked are erased where they were kept: that they are gone is as it should be.
    erased = (folder / REVOKED).exists() and not (folder / RESPONSES).exists()
    for name, expected in sealed.items():
        if erased and name.startswith((f"{RESPONSES}/", f"{TEXT_LANGUAGES}/")):
            continue
        if name not in present:
            yield Difference(name, "the file is missing", _GET_AGAIN)
            continue
        found = fingerprint(folder / name)
        if found["bytes"] != expected["bytes"]:
            what = f"it has {found['bytes']} bytes, it was sealed with {expected['bytes']}"
            yield Difference(name, what, _GET_AGAIN)
        elif found["sha256"] != expected["sha256"]:
            what = f"its SHA-256 is {found['sha256']}, it was sealed as {expected['sha256']}"
            yield Difference(name, what, _GET_AGAIN)
    for name in present:
        if name not in sealed:
            yield Difference(
                name, "the file is not part of the dataset", "Move it out of the folder"
            )


def _content_differences(dataset: Dataset) -> Iterator[Difference]:
    try:
        codebook = dataset.codebook
    except (ValueError, KeyError, TypeError) as error:
        yield Difference(CODEBOOK, f"it cannot be read ({error})", _GET_AGAIN)
        return
    yield from _table_differences(dataset)
    yield from _response_differences(dataset, codebook)


def _table_differences(dataset: Dataset) -> Iterator[Difference]:
    for name, schema in TABLES.items():
        path = dataset.folder / f"{name}.parquet"
        if not path.exists():
            yield Difference(path.name, "the dataset has no such table", _GET_AGAIN)
            continue
        file = pq.ParquetFile(path)
        yield from _row_difference(dataset, name, path.name, file.metadata.num_rows)
        found = {field.name: field.type for field in file.schema_arrow}
        for column in schema:
            if found.get(column.name) != column.type:
                what = f"the column {column.name} must be {column.type}"
                yield Difference(
                    path.name, f"{what}, it is {found.get(column.name, 'missing')}", _GET_AGAIN
                )


def _row_difference(dataset: Dataset, name: str, file: str, rows: int) -> Iterator[Difference]:
    expected = dataset.manifest["rows"].get(name)
    if rows != expected:
        yield Difference(file, f"it has {rows} rows, the manifest says {expected}", _GET_AGAIN)


def _response_differences(dataset: Dataset, codebook: Codebook) -> Iterator[Difference]:
    rows, last = 0, ""
    expected = response_schema(codebook)
    answered: set[str] = set()
    for path in dataset.parts:
        file = f"{RESPONSES}/{path.name}"
        schema = pq.read_schema(path)
        if schema.remove_metadata() != expected:
            yield from _schema_differences(file, schema, codebook)
            return
        for batch in pq.ParquetFile(path).iter_batches():
            frame = batch.to_pandas()
            rows += len(frame)
            answered |= set(frame.get("area", pd.Series(dtype=str)).astype(str))
            for misfit in fit_misfits(frame, codebook):
                yield Difference(file, str(misfit), _GET_AGAIN)
            ids = [last, *frame["row_id"]]
            if any(one >= other for one, other in pairwise(ids)):
                yield Difference(file, "its rows are not sorted by row id", _GET_AGAIN)
            last = ids[-1]
    yield from _row_difference(dataset, RESPONSES, RESPONSES, rows)
    yield from _strange_areas(dataset, answered)


def _strange_areas(dataset: Dataset, answered: set[str]) -> Iterator[Difference]:
    """Answers of an area that is not told of are in no measure. No areas at all is a choice."""
    known = set(dataset.table("areas")["area"].astype(str))
    unknown = sorted(answered - known - {""}) if known else []
    if unknown:
        yield Difference(
            "areas.parquet",
            f"people answered from {', '.join(unknown[:5])}, which it does not list"
            + (f" ({len(unknown)} such areas)" if len(unknown) > 5 else ""),
            "Load these areas with beboerpuls study areas and freeze the wave anew",
        )


def _schema_differences(file: str, schema: pa.Schema, codebook: Codebook) -> Iterator[Difference]:
    misfits = [*name_misfits(schema.names, codebook)]
    if not misfits:
        yield Difference(file, "its columns have other types than the codebook says", _GET_AGAIN)
    for misfit in misfits:
        yield Difference(file, str(misfit), _GET_AGAIN)


def _wave_differences(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Difference]:
    for entry in manifest["waves"]:
        name = entry["folder"]
        try:
            wave = read_manifest(folder / name)
            differences = check(folder / name)
        except DatasetError as error:
            yield Difference(
                name, str(error), "Put the wave's folder back where the study lists it"
            )
            continue
        if wave["hash"] != entry["hash"]:
            what = f"its hash is {wave['hash']}, the study lists {entry['hash']}"
            yield Difference(name, what, "Put the listed dataset back, or write the study anew")
        for difference in differences:
            yield Difference(f"{name}/{difference.file}", difference.what, difference.remedy)
