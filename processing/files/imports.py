"""Real people's answers that another system collected, as a dataset like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from instruments import LIBRARY, MONTH_ENDINGS, Form, Instrument, Item, Kind, find
from processing.datasets.codebook import Codebook
from processing.datasets.dataset import Dataset, WaveFacts, write_wave
from processing.datasets.folders import DatasetError, refuse_taken
from processing.datasets.form_codebook import build_codebook

from .import_files import read_file
from .import_map import ImportMap, MapError, read_map
from .import_places import (
    areas_named,
    dispositions_of,
    refuse_control_signs,
    refuse_unknown_areas,
)
from .import_problems import Refusals
from .import_values import answers_frame


@dataclass(frozen=True)
class Imported:
    """The dataset that was written, and what of the file is not in it."""

    dataset: Dataset
    left_out: tuple[str, ...]
    """Columns of the file that the map does not name."""


@dataclass(frozen=True)
class AnswersRead:
    """A file's answers, read by its map and not written yet: places may be held against them."""

    file: str
    form: Form
    codebook: Codebook
    answers: pd.DataFrame
    """The codebook's columns, indexed by the file's row numbers."""
    facts: WaveFacts
    left_out: tuple[str, ...]
    refusals: Refusals = field(default_factory=Refusals)
    """What does not fit; its cells are as if not asked. Nothing is written while there is any."""

    @property
    def areas(self) -> list[str]:
        """The areas that answers name, in order."""
        return sorted(name for name in self.answers["area"].unique() if name)

    @property
    def last_day(self) -> str:
        """The last day anybody answered, as ISO text; "" where no answer says."""
        return max(map(str, self.answers["day"]), default="")

    def hold(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Return the tables as they are written; what answers and they say otherwise is in `refusals`."""
        given = dict(tables)
        refuse_control_signs(self.answers["area"], "area", self.refusals)
        if "areas" in given:
            listed = given["areas"]["area"].reset_index(drop=True)
            listed.index += 2  # a spreadsheet's rows, the first below its header
            refuse_control_signs(listed, "area of the areas", self.refusals)
            refuse_unknown_areas(self.answers, given["areas"], self.refusals)
        if "dispositions" in given:
            given["dispositions"] = dispositions_of(
                self.answers, given["dispositions"], self.refusals
            )
        return given

    def write(
        self, folder: Path | str, tables: Mapping[str, pd.DataFrame] | None = None
    ) -> Imported:
        """Write the wave's dataset, with the tables of places that are given (see `import_file`)."""
        given = self.hold(tables or {})
        self.refusals.stop_if_any(self.file)
        dataset = write_wave(
            folder,
            responses=self.answers,
            tables={"areas": areas_named(self.areas)} | given,
            codebook=self.codebook,
            instrument_files=self.form.files(),
            facts=self.facts,
        )
        return Imported(dataset, self.left_out)


def import_file(
    file: Path | str,
    instruments: Sequence[str],
    map_file: Path | str,
    folder: Path | str,
    *,
    root: Path = LIBRARY,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> Imported:
    """Turn a .csv or .sav into a wave's dataset, or refuse it whole.

    Parameters
    ----------
    file
        UTF-8 text with a header, or an SPSS file.
    instruments
        Names from the library (the newest version), `name/version`, or paths of version folders;
        together they are the form.
    map_file
        YAML: `study`, `items` (item: column), and where they are needed `wave`, `year`,
        `legal_basis`, `about` (area, language, mode, row_id …), `only` (column: the value that
        rows of this wave have), `missing` (value: reason), `blank` (what an empty cell means; by
        default -10), `encoding`, `delimiter`. A source is a column's name, or has `column` or
        `value`, `recode` and `missing`. See docs/datasets.md.
    folder
        The dataset's folder, which must not exist.
    root
        The library that names are looked up in.
    tables
        What is known of places, by name and with the columns of `TABLES`; without `areas` those that
        answers name. `dispositions` need area and invited alone: who finished is counted.

    Returns
    -------
    Imported
        Items without a column are -9, not asked.

    Raises
    ------
    MapError
        The map does not fit the form or the file; carries all its problems.
    ImportRefusedError
        Values do not fit, or answers are of areas that `tables` does not list; carries each with row,
        column, rule and value. Nothing is written.
    DatasetError
        The file cannot be read, or the folder holds anything.

    """
    refuse_taken(Path(folder))
    return read_answers(file, instruments, map_file, root=root).write(folder, tables)


def read_answers(
    file: Path | str, instruments: Sequence[str], map_file: Path | str, *, root: Path = LIBRARY
) -> AnswersRead:
    """Read a .csv or .sav by its map and write nothing.

    Parameters and errors are those of `import_file`, but that values which do not fit are in
    `refusals`: the file's places can be looked at before all of it is refused.
    """
    file, map_file = Path(file), Path(map_file)
    form = form_of(instruments, root)
    try:
        content = map_file.read_bytes()
    except OSError as error:
        raise DatasetError(f"{map_file}: {error.strerror}. Give a readable map.") from error
    plan = read_map(content, form)
    codebook = build_codebook(form, wave_year=plan.year)
    refusals = Refusals()
    table = read_file(file, encoding=plan.encoding, delimiter=plan.delimiter, problems=refusals)
    _refuse_unknown_columns(plan, form, table)
    for column, value in plan.only.items():
        table = table[table[column].str.strip() == value]
    answers = answers_frame(table, plan, form, codebook, refusals)
    used = {source.column for source in (*plan.items.values(), *plan.about.values())}
    used |= set(plan.only)
    return AnswersRead(
        str(file),
        form,
        codebook,
        answers,
        _facts(plan, form, file, content),
        tuple(str(name) for name in table.columns if name not in used),
        refusals,
    )


def form_of(instruments: Sequence[str], root: Path = LIBRARY) -> Form:
    """The form of instruments from a library, or of folders that hold one version each."""
    loaded = tuple(_instrument(name, root) for name in instruments)
    languages = [name for name in loaded[0].texts if all(name in one.texts for one in loaded)]
    if not languages:
        raise DatasetError(
            f"{', '.join(instruments)} have no language in common. Import them one by one."
        )
    return Form(loaded, tuple(languages))


def _instrument(name: str, root: Path) -> Instrument:
    """By name, name/version or the path of a version's folder."""
    folder = Path(name)
    if (folder / "definition.yaml").is_file() and folder.resolve().name.isdecimal():
        folder = folder.resolve()
        return find(folder.parent.name, int(folder.name), folder.parent.parent)
    known, _, version = name.partition("/")
    return find(known, int(version) if version.isdecimal() else None, root)


def _refuse_unknown_columns(plan: ImportMap, form: Form, table: pd.DataFrame) -> None:
    sources = {f"items.{name}": source for name, source in plan.items.items()}
    sources |= {f"about.{name}": source for name, source in plan.about.items()}
    problems = [
        f"{key}: the file has no column {source.column!r}; it has"
        f" {', '.join(map(str, table.columns))}. Correct the name."
        for key, source in sources.items()
        if source.column and source.column not in table.columns
    ]
    open_years = [
        name
        for name in plan.items
        if (item := _item(form, name))
        and item.kind in {Kind.YEAR, Kind.MONTH}
        and item.responses.highest is None
        and not name.endswith(MONTH_ENDINGS[1])
    ]
    problems += [
        f"only.{column}: the file has no such column. Correct the name."
        for column in plan.only
        if column not in table.columns
    ]
    if open_years and plan.year is None:
        problems.append(
            f"year: {', '.join(open_years)} can be no later than the wave's year. Write year: and"
            " the year in which people answered."
        )
    if problems:
        raise MapError(problems)


def _item(form: Form, variable: str) -> Item | None:
    """The item that a variable belongs to."""
    placed = [form.item_of(column) for column in form.columns]
    of = {name: one.item for one in placed for name in one.instrument.columns(one.item)}
    return of.get(variable)


def _facts(plan: ImportMap, form: Form, file: Path, map_content: bytes) -> WaveFacts:
    return WaveFacts(
        study=plan.study,
        wave=plan.wave,
        legal_basis=plan.legal_basis,
        languages=form.languages,
        unreviewed_languages=form.unreviewed_languages(),
        form=tuple(form.pin()["instruments"]),
        source={
            "file": file.name,
            "file_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "map_sha256": hashlib.sha256(map_content).hexdigest(),
        },
    )
