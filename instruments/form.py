"""A form: the instruments that one respondent answers, in order, and the languages offered.

A wave pins its form when it opens: names, versions and hashes. From then on only exactly those
files will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypedDict

from instruments.answers import AnswerError, Fault, Value, normalised
from instruments.definition import Instrument, Item, Kind, Page
from instruments.errors import (
    DefinitionError,
    PinMismatchError,
    Place,
    Problem,
    duplicate_value,
    pinned_changed,
    pinned_missing,
    unknown_reference,
    wrong_value,
)
from instruments.loader import DEFINITION, LIBRARY, assemble, find, read_files, with_recordings
from instruments.published import Published, read_published, sha256
from instruments.routing import Answer, hidden
from instruments.text_files import REVIEWS, text_file

SECONDS: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.SINGLE: 8,
        Kind.MULTIPLE: 15,
        Kind.NUMBER: 8,
        Kind.YEAR: 10,
        Kind.MONTH: 15,
        Kind.RANKING: 40,
        Kind.RATING: 8,
        Kind.TEXT: 40,
    }
)
"""Seconds that an item takes a slow reader. Assumed, until waves have been timed."""


class PinnedInstrument(TypedDict):
    name: str
    version: int
    definition: str  # SHA-256
    texts: dict[str, str]  # language -> SHA-256


class Pin(TypedDict):
    """What a wave keeps of its form, as JSON."""

    instruments: list[PinnedInstrument]
    languages: list[str]


@dataclass(frozen=True)
class FormPage:
    """A page in its place; the key stays the same as long as the form does, and fits an address."""

    key: str
    instrument: Instrument
    page: Page

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.instrument.column(item) for item in self.page.items)


@dataclass(frozen=True)
class FormItem:
    """An item in its place."""

    column: str
    instrument: Instrument
    page: Page
    item: Item


@dataclass(frozen=True)
class Form:
    """Instruments in the order asked, and the languages that a respondent can choose among."""

    instruments: tuple[Instrument, ...]
    languages: tuple[str, ...]

    @property
    def asks(self) -> str:
        """Whom it asks: residents, or partners."""
        return self.instruments[0].asks

    @cached_property
    def _items(self) -> Mapping[str, FormItem]:
        return {
            instrument.column(item): FormItem(instrument.column(item), instrument, page, item)
            for instrument in self.instruments
            for page in instrument.pages
            for item in page.items
        }

    @cached_property
    def _pages(self) -> tuple[FormPage, ...]:
        return tuple(
            FormPage(f"{instrument.name}-{page.id}", instrument, page)
            for instrument in self.instruments
            for page in instrument.pages
        )

    def pages(self) -> tuple[FormPage, ...]:
        return self._pages

    def page(self, key: str) -> FormPage:
        """Return the page of that key. Raises KeyError."""
        for page in self._pages:
            if page.key == key:
                return page
        raise KeyError(key)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every item's column, in order: what an answer is stored under."""
        return tuple(self._items)

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable of a dataset, in order: a multiple choice has one an option."""
        return tuple(
            name
            for placed in self._items.values()
            for name in placed.instrument.columns(placed.item)
        )

    def item_of(self, column: str) -> FormItem:
        """Return the item that is stored under a column. Raises KeyError."""
        return self._items[column]

    def hidden(self, answers: Mapping[str, Answer | None]) -> frozenset[str]:
        """Return the columns of items that are surely not shown, given answers by column."""
        closed: set[str] = set()
        for instrument in self.instruments:
            own = {item.id: instrument.column(item) for item in instrument.items()}
            given = {item: answers.get(column) for item, column in own.items()}
            closed.update(own[item] for item in hidden(instrument.routes(), given))
        return frozenset(closed)

    def shown(self, answers: Mapping[str, Answer | None]) -> tuple[str, ...]:
        """Return the columns of all other items, in order."""
        closed = self.hidden(answers)
        return tuple(column for column in self._items if column not in closed)

    def pages_shown(self, answers: Mapping[str, Answer | None]) -> tuple[FormPage, ...]:
        """Return the pages on which at least one item is shown."""
        closed = self.hidden(answers)
        return tuple(page for page in self._pages if not closed.issuperset(page.columns))

    def validate_answer(
        self, column: str, value: object, *, year: int, paper: bool = False
    ) -> Value:
        """Return what is stored for an answer; `year` is the wave's. Raises AnswerError.

        See `answers.normalised` for what is accepted.
        """
        placed = self._items.get(column)
        if placed is None:
            raise AnswerError(column, Fault.NOT_ON_FORM, value, {})
        return normalised(column, placed.item, value, year=year, paper=paper)

    def routed(self) -> frozenset[str]:
        """Return the columns of items that some answer could hide."""
        return frozenset(
            instrument.column(instrument.item(item))
            for instrument in self.instruments
            for item, conditions in instrument.routes()
            if conditions
        )

    def unreviewed_languages(self) -> tuple[str, ...]:
        """Return the languages in which some text has been reviewed by no native speaker."""
        return tuple(
            language
            for language in self.languages
            if any(one.texts[language].review is None for one in self.instruments)
        )

    def estimated_minutes(self) -> int:
        """Return how long a slow reader needs, rounded up; items behind a route count half."""
        seconds = 0.0
        for instrument in self.instruments:
            asked = {item.id: SECONDS[item.kind] for item in instrument.items()}
            for item, conditions in instrument.routes():
                seconds += asked[item] / 2 if conditions else asked[item]
        return max(1, math.ceil(seconds / 60))

    def pin(self) -> Pin:
        return {
            "instruments": [
                {
                    "name": instrument.name,
                    "version": instrument.version,
                    "definition": instrument.sha256,
                    "texts": {
                        language: text.sha256
                        for language, text in sorted(instrument.texts.items())
                        if language in (*self.languages, instrument.written_in)
                    },
                }
                for instrument in self.instruments
            ],
            "languages": list(self.languages),
        }

    def files(self) -> dict[str, bytes]:
        """Return the pinned files, and the reviews, by path: a library that this form needs."""
        kept: dict[str, bytes] = {}
        for instrument, pinned in zip(self.instruments, self.pin()["instruments"], strict=True):
            names = [DEFINITION, *(text_file(language) for language in pinned["texts"]), REVIEWS]
            for name in names:
                if name in instrument.files:
                    kept[f"{instrument.key}/{name}"] = instrument.files[name]
        return kept


def make_form(
    names: Iterable[str | tuple[str, int]], languages: Sequence[str], root: Path = LIBRARY
) -> Form:
    """Put a form together from names, or (name, version) pairs; a name alone means the newest.

    Raises UnknownInstrumentError, or DefinitionError with the problems of all its instruments: also
    where one has no text at all in a language that is to be offered.
    """
    instruments: list[Instrument] = []
    problems: list[Problem] = []
    for asked in names:
        name, version = (asked, None) if isinstance(asked, str) else asked
        try:
            instrument = find(name, version, root)
        except DefinitionError as error:
            problems.extend(error.problems)
            continue
        if any(instrument.name == other.name for other in instruments):
            problems.append(duplicate_value(Place(instrument.key), instrument.name))
        instruments.append(instrument)
    problems.extend(
        wrong_value(
            Place(instrument.key, key="asks"), instrument.asks,
            f"{instruments[0].asks}, as {instruments[0].key} does: their answers are never merged",
        )
        for instrument in instruments
        if instrument.asks != instruments[0].asks
    )  # fmt: skip
    for instrument in instruments:
        problems.extend(
            unknown_reference(Place(instrument.key), "text in the language", one, instrument.texts)
            for one in languages
            if one not in instrument.texts
        )
    if not instruments and not problems:
        problems.append(wrong_value(Place("instruments"), [], "at least one questionnaire"))
    if not languages:
        problems.append(wrong_value(Place("languages"), [], "at least one language"))
    if problems:
        raise DefinitionError(problems)
    return Form(tuple(instruments), tuple(languages))


def load_form(pin: Mapping[str, Any], root: Path = LIBRARY) -> Form:
    """Return the form that was pinned, from the library or from a dataset's own folder of files.

    Languages that were added since are left out. Raises PinMismatchError where a pinned file was
    changed or is missing.
    """
    problems: list[Problem] = []
    instruments = []
    for pinned in pin["instruments"]:
        files = read_files(root / pinned["name"] / str(pinned["version"]))
        differences = _differences(pinned, files)
        problems.extend(differences)
        if not differences:
            instruments.append(_pinned(pinned, files, root))
    if problems:
        raise PinMismatchError(problems)
    return Form(tuple(instruments), tuple(pin["languages"]))


def _pinned(pinned: PinnedInstrument, files: Mapping[str, bytes], root: Path) -> Instrument:
    # A language that is being added may still be full of problems; this form does not read it.
    key = f"{pinned['name']}/{pinned['version']}"
    wanted = {DEFINITION, REVIEWS, *(text_file(language) for language in pinned["texts"])}
    kept = {name: content for name, content in files.items() if name in wanted}
    listed = read_published(root).get(key, Published()).files
    published = Published({name: sha for name, sha in listed.items() if name in wanted})
    folder = root / pinned["name"] / str(pinned["version"])
    return with_recordings(assemble(key, kept, published), folder, Published(listed))


def _differences(pinned: PinnedInstrument, files: Mapping[str, bytes]) -> list[Problem]:
    key = f"{pinned['name']}/{pinned['version']}"
    wanted = {DEFINITION: pinned["definition"]}
    wanted |= {text_file(language): sha for language, sha in pinned["texts"].items()}
    problems = []
    for name, sha in wanted.items():
        place = Place(f"{key}/{name}")
        if name not in files:
            problems.append(pinned_missing(place))
        elif sha256(files[name]) != sha:
            problems.append(pinned_changed(place, sha, sha256(files[name])))
    return problems
