"""A study's dataset: a manifest that lists its wave folders, read as if it were one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from instruments import NOT_ASKED

from .area_keys import written_otherwise
from .codebook import Codebook, Variable, write_json
from .completion import Completion
from .dataset import ROWS_A_BATCH, Dataset, read_wave
from .folders import MANIFEST, DatasetError, manifest_hash, read_manifest, replace_file
from .merging import merged
from .told_file import carry_over, mark, memory_beside


@dataclass(frozen=True)
class Study:
    """Several waves of one study; a variable that a wave did not ask is -9 there."""

    folder: Path
    manifest: Mapping[str, Any] = field(repr=False)
    waves: tuple[Dataset, ...]

    @property
    def hash(self) -> str:
        return str(self.manifest["hash"])

    @property
    def study(self) -> str:
        return str(self.manifest["study"])

    @property
    def rows(self) -> int:
        return sum(wave.rows for wave in self.waves)

    def completion(self) -> Completion:
        """How many rows of all waves were finished. Raises as a wave's does."""
        return sum((wave.completion() for wave in self.waves), Completion(0, 0, 0, 0))

    @property
    def revoked(self) -> bool:
        """Whether any of its waves has been replaced."""
        return any(wave.revoked for wave in self.waves)

    @cached_property
    def codebook(self) -> Codebook:
        """Every wave's variables; what is told twice is told as the last wave tells it.

        Raises DatasetError where one name stands for two things: a code that means something
        else, one version of a scale with other items turned, versions that measure in opposite
        directions.
        """
        return merged([wave.codebook for wave in self.waves], self.folder)

    def responses(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        pieces = [*self.batches(columns)]
        if not pieces:
            return pd.DataFrame(columns=[*(columns or self.codebook.names)])
        return pd.concat(pieces, ignore_index=True)

    def batches(
        self,
        columns: Sequence[str] | None = None,
        rows: int = ROWS_A_BATCH,
        parts: Collection[Path] | None = None,
    ) -> Iterator[pd.DataFrame]:
        """The rows of one wave after the other, in pieces; with `parts` only those of these files."""
        return (batch for _, batch in self.by_wave(columns, rows, parts))

    @property
    def parts(self) -> tuple[Path, ...]:
        """The Parquet files of all waves."""
        return tuple(part for wave in self.waves for part in wave.parts)

    def by_wave(
        self,
        columns: Sequence[str] | None = None,
        rows: int = ROWS_A_BATCH,
        parts: Collection[Path] | None = None,
    ) -> Iterator[tuple[Dataset, pd.DataFrame]]:
        """The same pieces, each with the wave that it is of."""
        wanted = [self.codebook.variable(name) for name in columns or self.codebook.names]
        for wave in self.waves:
            present = [v.name for v in wanted if v.name in wave.codebook.names]
            for batch in wave.batches(present, rows, parts):
                frame = {
                    v.name: batch[v.name] if v.name in present else _not_asked(v, len(batch))
                    for v in wanted
                }
                yield wave, pd.DataFrame(frame)

    def table(self, name: str) -> pd.DataFrame:
        """A table of all waves, with the wave as its first column."""
        tables = [wave.table(name) for wave in self.waves]
        for wave, table in zip(self.waves, tables, strict=True):
            table.insert(0, "wave", wave.wave)
        return pd.concat(tables, ignore_index=True)


def write_study(folder: Path | str, study: str, waves: Iterable[Path | str]) -> Study:
    """Write a study's manifest, in place of an earlier one, over wave folders that lie below it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    read = sorted((read_wave(wave) for wave in waves), key=lambda wave: (wave.wave, wave.hash))
    _refuse_strangers(folder, study, read)
    content: dict[str, Any] = {
        "kind": "study",
        "study": study,
        "waves": [
            {
                "wave": wave.wave,
                "folder": wave.folder.resolve().relative_to(folder.resolve()).as_posix(),
                "hash": wave.hash,
                "rows": wave.rows,
            }
            for wave in read
        ],
    }
    content["hash"] = manifest_hash(content)
    replace_file(folder / MANIFEST, write_json(content).encode())
    mark((wave.folder for wave in read), memory_beside(folder.resolve()))
    return read_study(folder)


def join_waves(folder: Path | str) -> Study:
    """Make one study of the wave folders that lie in a folder: write the manifest that lists them.

    Waves that a successor has replaced are left out. Raises DatasetError where there is no wave, where
    they are of several studies or one number, where a later one was answered before an earlier one, or
    where one name stands for two things in them; a manifest that was there stays as it was then. What was
    told of a wave in public where it was before is taken over from its memory (`…-told.json`), copied
    beside the folder; without it, waves that were told are refused.
    """
    folder = Path(folder)
    if (folder / MANIFEST).exists() and (kind := read_manifest(folder)["kind"]) != "study":
        raise DatasetError(
            f"{folder}: it is a {kind} itself. Give the folder that its waves lie in."
        )
    waves = sorted(_waves_in(folder), key=lambda wave: wave.wave)
    if not waves:
        raise DatasetError(
            f"{folder}: no wave's dataset lies in it. Import them into folders of it, as"
            f" {folder / 'wave-1'}."
        )
    wrong = [*_out_of_order(waves), *_areas_written_otherwise(waves)]
    studies = list(dict.fromkeys(wave.study for wave in waves))
    if len(studies) > 1:
        named = ", ".join(f"{wave.folder.name} of {wave.study!r}" for wave in waves)
        wrong.append(
            f"{folder}: its waves are of several studies: {named}. Give them one name (study in the map)"
        )
    try:
        merged([wave.codebook for wave in waves], folder)
    except DatasetError as error:
        wrong.append(str(error))
    try:
        _refuse_strangers(folder, studies[0] if len(studies) == 1 else None, waves)
    except DatasetError as error:
        wrong.append(str(error))
    if wrong:
        raise DatasetError("\n".join(wrong))
    carry_over(folder.resolve(), [wave.folder.resolve() for wave in waves])
    return write_study(folder, studies[0], [wave.folder for wave in waves])


def _waves_in(folder: Path) -> Iterator[Dataset]:
    for path in sorted(folder.glob(f"*/{MANIFEST}")):
        if not path.parent.name.startswith(".") and read_manifest(path.parent)["kind"] == "wave":
            wave = read_wave(path.parent)
            if not wave.revoked:
                yield wave


def _areas_written_otherwise(waves: Sequence[Dataset]) -> Iterator[str]:
    """One place under two keys would be two, each of one wave, with no change."""
    keys = [set(wave.table("areas")["area"].astype(str)) for wave in waves]
    for (one, earlier), (other, later) in combinations(zip(waves, keys, strict=True), 2):
        unlike = written_otherwise(later - earlier, earlier - later)
        if unlike:
            some = ", ".join(f"{key} for {meant}" for key, meant in [*unlike.items()][:5])
            yield (
                f"{other.folder}: it writes keys of areas otherwise than {one.folder.name}: {some}. "
                "Import it again with keys as there, with every zero"
            )


def _out_of_order(waves: Sequence[Dataset]) -> Iterator[str]:
    """Waves are compared by their numbers; a later one that was asked earlier would turn effects round."""
    days = [
        sorted(day for batch in wave.batches(["day"]) for day in batch["day"].unique() if day)
        for wave in waves
    ]
    dated = [(wave, own) for wave, own in zip(waves, days, strict=True) if own]
    for (one, earlier), (other, later) in pairwise(dated):
        if later[0] < earlier[0]:
            yield (
                f"{other.folder}: wave {other.wave} was answered from {later[0]} on, wave {one.wave} only"
                f" from {earlier[0]}. Number waves in the order of their days (wave in the map)"
            )


def _refuse_strangers(folder: Path, study: str | None, waves: list[Dataset]) -> None:
    """`study` is None where another rule has told that they are of several."""
    wrong = [
        f"{wave.folder}: it is of the study {wave.study!r}, not of {study!r}"
        for wave in waves
        if study is not None and wave.study != study
    ]
    wrong += [
        f"{wave.folder}: it lies outside {folder}, so that the study could not be moved"
        for wave in waves
        if not wave.folder.resolve().is_relative_to(folder.resolve())
    ]
    wrong += [
        f"{wave.folder}: it is revoked; list the dataset that supersedes it"
        for wave in waves
        if wave.revoked
    ]
    numbers = [wave.wave for wave in waves]
    wrong += [
        f"{folder}: wave {number} is listed {numbers.count(number)} times"
        for number in sorted(set(numbers))
        if numbers.count(number) > 1
    ]
    if wrong:
        raise DatasetError("The study was not written:\n  " + "\n  ".join(wrong))


def read_study(folder: Path | str) -> Study:
    """Open a study's folder, by whatever name it is called, as `.` or through a link.

    Raises DatasetError where it is none or a wave is not what it lists.
    """
    folder = Path(folder).resolve()
    manifest = read_manifest(folder)
    if manifest["kind"] != "study":
        raise DatasetError(
            f"{folder}: it holds a {manifest['kind']}, not a study. Give a study's folder."
        )
    waves = tuple(read_wave(folder / entry["folder"]) for entry in manifest["waves"])
    for wave, entry in zip(waves, manifest["waves"], strict=True):
        if wave.hash != entry["hash"]:
            raise DatasetError(
                f"{wave.folder}: its hash is {wave.hash}, the study lists {entry['hash']}."
                " Put the listed dataset back, or write the study's manifest anew."
            )
    return Study(folder, manifest, waves)


def read_dataset(folder: Path | str) -> Dataset | Study:
    """Open a wave's or a study's folder, whichever it is."""
    kind = read_manifest(Path(folder))["kind"]
    return read_study(folder) if kind == "study" else read_wave(folder)


def _not_asked(variable: Variable, rows: int) -> pd.Series:
    if variable.type == "string":
        return pd.Series([""] * rows, dtype=str)
    fill = NOT_ASKED if variable.type == "int16" else np.nan
    return pd.Series(np.full(rows, fill, np.int16 if variable.type == "int16" else np.float64))
