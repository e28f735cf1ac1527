"""What an instrument says in one language, and where it has to fall back on another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from instruments.definition import (
    Instrument,
    Item,
    ItemText,
    Kind,
    Page,
    PageText,
    Responses,
    Scale,
    Text,
)

ELLIPSIS = "…"

Key: TypeAlias = tuple[str | int, ...]
"""Where a text stands in its file, as ("items", "t1_home_night", "question")."""


@dataclass(frozen=True)
class Said:
    """A text, the language it is really in, and whether that is not the one asked for."""

    text: str
    language: str
    fallback: bool = False

    def __str__(self) -> str:
        return self.text


class InstrumentTexts:
    """The texts of an instrument for a reader of one language.

    Whatever that language does not say is answered in the language the instrument was written in,
    marked with `fallback=True`, so that a page can show that it is not a translation.
    """

    def __init__(self, instrument: Instrument, language: str) -> None:
        """Raises KeyError where the instrument has no text at all in that language."""
        self.instrument = instrument
        self.language = language
        self._own = instrument.texts[language]
        self._complete = instrument.texts[instrument.written_in]

    @property
    def title(self) -> Said:
        return self._say("title")

    @property
    def about(self) -> Said:
        return self._say("about")

    def heading(self, page: Page) -> Said:
        return self._say("pages", page.id, "heading")

    def lead(self, page: Page) -> Said:
        return self._say("pages", page.id, "lead")

    def question(self, item: Item) -> Said:
        """Return what stands on the page; it may complete the page's heading, after "…"."""
        return self._say("items", item.id, "question")

    def full_question(self, item: Item) -> Said:
        """Return the question so that it is understood alone: in a codebook, or read aloud."""
        page = self.instrument.page_of(item.id)
        heading, question = self.heading(page), self.question(item)
        if heading.language != question.language:
            # Half a sentence in each of two languages is none.
            complete = InstrumentTexts(self.instrument, self.instrument.written_in)
            return replace(complete.full_question(item), fallback=True)
        return replace(question, text=joined(heading.text, question.text))

    def short(self, item: Item) -> Said:
        return self._say("items", item.id, "short")

    def hint(self, item: Item) -> Said:
        return self._say("items", item.id, "hint")

    def answer(self, responses: Responses, code: int) -> Said:
        """Return the label of an answer code, or of a reason that is offered apart."""
        return self._say("answers", responses.id, code)

    def ends(self, responses: Responses) -> tuple[Said, Said]:
        """Return the labels of a rating's lowest and highest value."""
        return (
            self._say("ends", responses.id, "lowest"),
            self._say("ends", responses.id, "highest"),
        )

    def scale(self, scale: Scale) -> Said:
        return self._say("scales", scale.id)

    def missing(self) -> Iterator[Key]:
        """Yield the key of every text that this language should have and has not."""
        for key in expected(self.instrument):
            if not _words(self._own, key):
                yield key

    def _say(self, *key: str | int) -> Said:
        if own := _words(self._own, key):
            return Said(own, self.language)
        if complete := _words(self._complete, key):
            return Said(complete, self._complete.language, fallback=True)
        return Said("", self.language)


def joined(heading: str, question: str) -> str:
    """Complete a heading that ends with "…" by a question that begins with it.

    >>> joined("Hvor tryg føler du dig …", "… om natten?")
    'Hvor tryg føler du dig om natten?'
    >>> joined("Om dit hjem", "Hvornår flyttede du ind?")
    'Hvornår flyttede du ind?'
    """
    if not question.startswith(ELLIPSIS):
        return question
    return f"{heading.removesuffix(ELLIPSIS).rstrip()} {question.removeprefix(ELLIPSIS).lstrip()}"


def expected(instrument: Instrument) -> Iterator[Key]:
    """Yield the key of every text that a complete language has; leads and hints are optional."""
    yield ("title",)
    yield ("about",)
    for page in instrument.pages:
        yield ("pages", page.id, "heading")
    for item in instrument.items():
        yield ("items", item.id, "question")
        yield ("items", item.id, "short")
    for responses in instrument.responses.values():
        for code in (*responses.codes, *responses.apart):
            yield ("answers", responses.id, code)
        if responses.kind is Kind.RATING:
            yield ("ends", responses.id, "lowest")
            yield ("ends", responses.id, "highest")
    for scale in instrument.scales:
        yield ("scales", scale.id)


def _words(text: Text, key: Key) -> str:
    match key:
        case ("title",):
            return text.title
        case ("about",):
            return text.about
        case ("pages", str(name), part):
            page = text.pages.get(name, PageText(""))
            return page.heading if part == "heading" else page.lead
        case ("items", str(name), part):
            item = text.items.get(name, ItemText("", ""))
            return {"question": item.question, "short": item.short}.get(str(part), item.hint)
        case ("answers", str(name), int(code)):
            return text.answers.get(name, {}).get(code, "")
        case ("ends", str(name), part):
            return text.ends.get(name, ("", ""))[0 if part == "lowest" else 1]
        case ("scales", str(name)):
            return text.scales.get(name, "")
    raise KeyError(key)
