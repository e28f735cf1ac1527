"""audio/<language>/<item>.mp3 beside the texts: questions that somebody has read aloud.

Recordings are files of their own with hashes of their own, found by their names: one can be added to
a language that is published, whose text file could not be made to name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from instruments.definition import Instrument, Recording
from instruments.errors import (
    Place,
    Problem,
    empty_file,
    not_recorded,
    nothing_recorded,
    unknown_recording,
    unknown_reference,
)
from instruments.published import Published, sha256

AUDIO = "audio"
# What every browser of the last ten years plays.
SUFFIXES = {".mp3": "audio/mpeg", ".m4a": "audio/mp4"}


def find_recordings(
    folder: Path, instrument: Instrument, published: Published
) -> dict[str, dict[str, Recording]]:
    """Return what can be played of a version, by language and item.

    A file that was changed after it was published is left out: nobody has heard that one.
    """
    items = {item.id for item in instrument.items()}
    found: dict[str, dict[str, Recording]] = {}
    for path in _files(folder):
        language, item = path.parent.name, path.stem
        if language not in instrument.texts or item not in items or path.suffix not in SUFFIXES:
            continue
        recording = Recording(path, sha256(path.read_bytes()), SUFFIXES[path.suffix])
        if published.files.get(_name(path), recording.sha256) == recording.sha256:
            found.setdefault(language, {})[item] = recording
    return found


def recording_problems(
    folder: Path, instrument: Instrument, published: Published
) -> Iterator[Problem]:
    """What the audio folder holds and should not, and what it held when it was published."""
    hashes = {}
    items = [item.id for item in instrument.items()]
    for path in _files(folder):
        content = path.read_bytes()
        hashes[_name(path)] = sha256(content)
        place = Place(f"{instrument.key}/{_name(path)}")
        if path.parent.name not in instrument.texts:
            yield unknown_reference(
                place, "text in the language", path.parent.name, instrument.texts
            )
        if path.stem not in items:
            yield unknown_reference(place, "item", path.stem, items)
        if path.suffix not in SUFFIXES:
            yield unknown_recording(place, path.suffix, SUFFIXES)
        if not content:
            yield empty_file(place)
    yield from published.recordings().problems(hashes, instrument.key)


def unrecorded(instrument: Instrument) -> Iterator[Problem]:
    """What nobody has read aloud: items, and in one line the languages that have no recording."""
    items = [item.id for item in instrument.items()]
    silent = [language for language in instrument.texts if language not in instrument.recordings]
    if silent:
        yield nothing_recorded(Place(f"{instrument.key}/{AUDIO}"), silent)
    for language, recordings in instrument.recordings.items():
        lacking = [item for item in items if item not in recordings]
        if lacking:
            yield not_recorded(Place(f"{instrument.key}/{AUDIO}/{language}"), lacking)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / AUDIO).glob("*/*") if path.is_file())


def _name(path: Path) -> str:
    return f"{AUDIO}/{path.parent.name}/{path.name}"
