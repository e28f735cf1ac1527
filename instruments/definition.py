"""What an instrument is: frozen dataclasses, read by the loader and by everybody after it.

The *definition* (what is asked, what an answer may be, when an item is shown, how scales are
made) and each language's *text* are hashed apart, so that a language can be added to a published
version without changing what is already pinned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from instruments.errors import Problem
from instruments.routing import Condition

# Codes below zero say why there is no answer; they are the same in every mode and export.
NOT_REACHED = -1
NOT_SHOWN = -2
DONT_KNOW = -3
NOT_RELEVANT = -4
REFUSED = -5
ILLEGIBLE = -6
DOUBLE_MARK = -7
NOT_ANSWERED = -8
NOT_ASKED = -9
UNKNOWN_REASON = -10

MISSING: Mapping[int, str] = MappingProxyType(
    {
        NOT_REACHED: "not_reached",
        NOT_SHOWN: "not_shown",
        DONT_KNOW: "dont_know",
        NOT_RELEVANT: "not_relevant",
        REFUSED: "refused",
        ILLEGIBLE: "illegible",
        DOUBLE_MARK: "double_mark",
        NOT_ANSWERED: "not_answered",
        NOT_ASKED: "not_asked",
        UNKNOWN_REASON: "unknown_reason",
    }
)
"""Every missing code and its name, in the order of the codebook."""


class Kind(StrEnum):
    """What sort of answer an item takes."""

    SINGLE = "single"  # one of the labelled codes
    MULTIPLE = "multiple"  # any of the labelled codes; one 0/1 column an option
    NUMBER = "number"  # a whole number within bounds
    YEAR = "year"  # a calendar year within bounds
    RATING = "rating"  # a whole number on a line with labelled ends, as 0-10
    MONTH = "month"  # a month of a year within bounds, as 201405; a year and a month column
    RANKING = "ranking"  # the foremost of few labelled codes, in order; one column an option
    TEXT = "text"  # open text; a long one gets several lines


MONTH_ENDINGS = ("_year", "_month")
"""A dataset keeps whole numbers of 16 bits, which a year and a month together do not fit."""


@dataclass(frozen=True)
class Responses:
    """The answers that items share: codes in the order shown, and reasons offered apart."""

    id: str
    kind: Kind
    codes: tuple[int, ...] = ()  # single, multiple, ranking: in the order shown
    lowest: int | None = None  # number, year, rating; of a month its year
    highest: int | None = None  # the same; None for a year or month means the wave's year
    places: int | None = None  # ranking: how many are put in order
    longest: int | None = None  # text: characters
    apart: tuple[int, ...] = ()  # missing codes the person may choose, as (-3, -4)

    @property
    def endings(self) -> tuple[str, ...]:
        """What stands behind the item's name in each of its variables."""
        if self.kind in {Kind.MULTIPLE, Kind.RANKING}:
            return tuple(f"_{code}" for code in self.codes)
        return MONTH_ENDINGS if self.kind is Kind.MONTH else ("",)


@dataclass(frozen=True)
class Item:
    """One question. Its id is unique in the instrument; its column is `instrument_item`."""

    id: str
    responses: Responses
    facet: str = ""
    show_if: Condition | None = None
    specifies: str = ""  # the item before it, of whose "other" this text says which

    @property
    def kind(self) -> Kind:
        return self.responses.kind


@dataclass(frozen=True)
class Page:
    """What stands on one phone page: four to six items, stacked."""

    id: str
    items: tuple[Item, ...]
    show_if: Condition | None = None


@dataclass(frozen=True)
class Scale:
    """How items make a score. Status is `candidate` until evidence says otherwise."""

    id: str
    items: tuple[str, ...]
    reversed: tuple[str, ...] = ()  # items turned before scoring
    model: str = "reflective"  # or "formative"
    direction: str = ""  # what a high native score means, as "worry"
    headline_reversed: bool = False  # turned once more in headlines, where high is favourable
    least_answered: int | None = None  # None: max(3, ceil(2k/3)); formative: all
    score: str = "percent"  # mean as percent of maximum possible; or "count"
    status: str = "candidate"
    construct: str = ""
    literature: tuple[str, ...] = ()
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> items left out
    anchor: str | None = None  # the single item it is compared with


@dataclass(frozen=True)
class ItemText:
    question: str
    short: str  # for keying lists and tables
    hint: str = ""


@dataclass(frozen=True)
class PageText:
    heading: str
    lead: str = ""


@dataclass(frozen=True)
class Review:
    """Who read a language's text and when; None where no native speaker has."""

    by: str
    date: str  # ISO day


@dataclass(frozen=True)
class Recording:
    """One item with its answers, read aloud by somebody."""

    path: Path
    sha256: str
    mimetype: str


@dataclass(frozen=True)
class Text:
    """Everything one language says, and the hash of the file that says it."""

    language: str
    title: str
    about: str
    pages: Mapping[str, PageText]
    items: Mapping[str, ItemText]
    answers: Mapping[str, Mapping[int, str]]  # responses id -> code (missing codes too) -> label
    ends: Mapping[str, tuple[str, str]]  # rating responses id -> label of lowest, of highest
    scales: Mapping[str, str]
    sha256: str
    review: Review | None = None
    published: bool = False


@dataclass(frozen=True)
class Instrument:
    """A questionnaire in one version, with every language it has."""

    name: str
    version: int
    pages: tuple[Page, ...]
    scales: tuple[Scale, ...]
    responses: Mapping[str, Responses]
    texts: Mapping[str, Text]
    sha256: str  # of definition.yaml, byte for byte
    published: bool = False
    written_in: str = "da"  # the language that is complete; others fall back to it, visibly
    asks: str = "residents"  # or partners: project staff and the municipality
    warnings: tuple[Problem, ...] = ()  # what works but should be seen to, as a missing text
    notes: tuple[Problem, ...] = ()  # where a rule of construction is broken, perhaps for a reason
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # as they were read
    recordings: Mapping[str, Mapping[str, Recording]] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """Name and version, as `tryghed/1`."""
        return f"{self.name}/{self.version}"

    def items(self) -> Iterator[Item]:
        for page in self.pages:
            yield from page.items

    def item(self, item_id: str) -> Item:
        """Return the item of that id. Raises KeyError."""
        for item in self.items():
            if item.id == item_id:
                return item
        raise KeyError(item_id)

    def page_of(self, item_id: str) -> Page:
        """Return the page that item stands on. Raises KeyError."""
        for page in self.pages:
            if any(item.id == item_id for item in page.items):
                return page
        raise KeyError(item_id)

    def routes(self) -> Iterator[tuple[str, tuple[Condition, ...]]]:
        """Each item's id, in order, with the conditions on its page and on itself."""
        for page in self.pages:
            for item in page.items:
                conditions = (page.show_if, item.show_if)
                yield item.id, tuple(one for one in conditions if one is not None)

    def column(self, item: Item) -> str:
        """The item's variable name in every dataset: `instrument_item`."""
        return f"{self.name}_{item.id}"

    def columns(self, item: Item) -> tuple[str, ...]:
        """All variables of an item: one; a month has two, and whatever has options one each."""
        return tuple(f"{self.column(item)}{end}" for end in item.responses.endings)
