"""From a version's folder to an Instrument, or to every problem its files have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from instruments.definition import Instrument
from instruments.definition_file import read_definition
from instruments.document import Document, parse
from instruments.errors import (
    DefinitionError,
    Place,
    Problem,
    UnknownInstrumentError,
    missing_file,
    wrong_name,
)
from instruments.page_notes import page_notes
from instruments.published import Published, read_published, sha256, write_published
from instruments.recordings import (
    AUDIO,
    find_recordings,
    recording_problems,
)
from instruments.text_files import (
    REVIEWS,
    hard_texts,
    language_of,
    missing_texts,
    read_reviews,
    read_text,
    text_file,
    text_problems,
)

LIBRARY = Path(__file__).parent / "library"
DEFINITION = "definition.yaml"


@dataclass(frozen=True)
class Listed:
    """One version in the library: `published`, `draft`, or `broken` with its problems."""

    name: str
    version: int
    languages: tuple[str, ...]
    status: str
    problems: tuple[Problem, ...] = ()


def load(folder: Path) -> Instrument:
    """Read one version from its folder, `root/name/version`.

    Raises DefinitionError with the problems of all the version's files at once, also where a
    published file was changed.
    """
    name = f"{folder.parent.name}/{folder.name}"
    published = read_published(folder.parent.parent).get(name, Published())
    instrument = assemble(name, read_files(folder), published)
    problems = list(recording_problems(folder, instrument, published))
    if problems:
        raise DefinitionError(problems)
    return with_recordings(instrument, folder, published)


def with_recordings(instrument: Instrument, folder: Path, published: Published) -> Instrument:
    """Return the instrument with what somebody has read aloud of it."""
    return replace(instrument, recordings=find_recordings(folder, instrument, published))


def assemble(name: str, files: Mapping[str, bytes], published: Published) -> Instrument:
    """Make an instrument of the bytes of its files; `name` is `name/version`. Raises as `load`."""
    documents = {file: parse(content, f"{name}/{file}") for file, content in files.items()}
    hashes = {file: sha256(content) for file, content in files.items()}
    problems = published.without_recordings().problems(hashes, name)
    if DEFINITION not in documents:
        raise DefinitionError([*problems, missing_file(Place(f"{name}/{DEFINITION}"))])
    instrument = read_definition(documents[DEFINITION], hashes[DEFINITION], problems)
    texts = {
        language_of(file): read_text(documents[file], hashes[file], problems)
        for file in files
        if file.startswith("text.")
    }
    if instrument is not None:
        problems.extend(_wrong_folder(instrument, documents[DEFINITION], name))
        read = {language: text for language, text in texts.items() if text is not None}
        instrument = replace(instrument, texts=read, files=dict(files))
        problems.extend(_texts_against(instrument, documents, name))
    reviews, warnings = read_reviews(_reviews(documents, name), texts, problems)
    if problems or instrument is None:
        raise DefinitionError(problems)
    marked = {
        language: replace(
            text, review=reviews.get(language), published=text_file(language) in published.files
        )
        for language, text in instrument.texts.items()
    }
    return replace(
        instrument,
        texts=marked,
        published=DEFINITION in published.files,
        warnings=(*warnings, *_warnings(instrument, documents)),
        notes=tuple(page_notes(instrument, documents[DEFINITION])),
    )


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of a version's files by name; nothing where the folder is not there."""
    if not folder.is_dir():
        return {}
    names = {DEFINITION, REVIEWS}
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.name in names or path.match("text.*.yaml")
    }


def library(root: Path = LIBRARY) -> list[Listed]:
    """List every version under `root`, in order of name and version, broken ones too."""
    listed = [_listed(name, version, root) for name, version in _versions(root)]
    there = {f"{one.name}/{one.version}" for one in listed}
    for key in read_published(root):
        name, _, version = key.partition("/")
        if key not in there:
            gone = missing_file(Place(f"{key}/{DEFINITION}"))
            number = int(version) if version.isdecimal() else 0
            listed.append(Listed(name, number, (), "broken", (gone,)))
    return sorted(listed, key=lambda one: (one.name, one.version))


def find(name: str, version: int | None = None, root: Path = LIBRARY) -> Instrument:
    """Return a version, or without one the newest published (else the newest draft).

    Raises UnknownInstrumentError, or DefinitionError where its files have problems.
    """
    versions = [number for known, number in _versions(root) if known == name]
    if version is None and versions:
        published = read_published(root)
        version = max([n for n in versions if f"{name}/{n}" in published] or versions)
    if version is None or version not in versions:
        asked = name if version is None else f"{name}/{version}"
        raise UnknownInstrumentError(asked, [f"{known}/{n}" for known, n in _versions(root)])
    return load(root / name / str(version))


def publish(name: str, version: int, root: Path = LIBRARY) -> tuple[str, ...]:
    """Publish a version, or the languages that were added to it; return the files now listed anew.

    From then on those files cannot change. Raises as `find` does.
    """
    instrument = find(name, version, root)
    published = read_published(root)
    before = published.get(instrument.key, Published()).files
    now = {DEFINITION: instrument.sha256}
    now |= {text_file(language): text.sha256 for language, text in instrument.texts.items()}
    now |= {
        f"{AUDIO}/{language}/{recording.path.name}": recording.sha256
        for language, recordings in instrument.recordings.items()
        for recording in recordings.values()
    }
    write_published(root, {**published, instrument.key: Published(now)})
    return tuple(file for file in now if file not in before)


def _versions(root: Path) -> list[tuple[str, int]]:
    # Only names from the folder are ever joined to a path, never a name that somebody asked for.
    return sorted(
        (folder.parent.name, int(folder.name))
        for folder in root.glob("*/*")
        if folder.is_dir() and re.fullmatch(r"[1-9][0-9]*", folder.name)
    )


def _listed(name: str, version: int, root: Path) -> Listed:
    try:
        instrument = load(root / name / str(version))
    except DefinitionError as error:
        return Listed(name, version, (), "broken", error.problems)
    status = "published" if instrument.published else "draft"
    return Listed(name, version, tuple(instrument.texts), status)


def _wrong_folder(instrument: Instrument, document: Document, name: str) -> list[Problem]:
    folder, _, version = name.partition("/")
    agree = [("name", instrument.name, folder), ("version", str(instrument.version), version)]
    return [
        wrong_name(document.place((key,)), said, stands)
        for key, said, stands in agree
        if said != stands
    ]


def _texts_against(
    instrument: Instrument, documents: Mapping[str, Document], name: str
) -> list[Problem]:
    problems: list[Problem] = []
    for language, text in instrument.texts.items():
        problems.extend(text_problems(instrument, text, documents[text_file(language)]))
    written_in = instrument.written_in
    if text_file(written_in) not in documents:
        return [*problems, missing_file(Place(f"{name}/{text_file(written_in)}"))]
    if written_in in instrument.texts:
        document = documents[text_file(written_in)]
        todo = "Add it: the language a questionnaire was written in is complete."
        problems.extend(missing_texts(instrument, written_in, document, todo))
    return problems


def _reviews(documents: Mapping[str, Document], name: str) -> Document:
    return documents.get(REVIEWS, Document(f"{name}/{REVIEWS}", {}, {}))


def _warnings(instrument: Instrument, documents: Mapping[str, Document]) -> list[Problem]:
    warnings: list[Problem] = []
    todo = f"Add it; until then readers see it in {instrument.written_in!r}, marked."
    for language in instrument.texts:
        document = documents[text_file(language)]
        if language != instrument.written_in:
            warnings.extend(missing_texts(instrument, language, document, todo))
        if language == "da":
            warnings.extend(hard_texts(instrument, document))
    return warnings
