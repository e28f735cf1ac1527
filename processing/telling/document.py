"""What a report holds, however it is shown: sections of sentences, figures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """A paragraph; `quiet` ones are notes."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Figure:
    """A drawing with what it shows; `svg` carries its words in `aria-label`.

    `narrow` is the same for a phone, where it would else be scrolled sideways.
    """

    caption: str
    note: str
    svg: str
    narrow: str = ""


@dataclass(frozen=True)
class Table:
    """Rows whose first cell is their name, and the others numbers, as text.

    `note` stands below it; `folded` is what a page calls one that says no more than the drawing
    before it, and opens where it is asked for.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    folded: str = ""


@dataclass(frozen=True)
class Command:
    """What makes the report again."""

    text: str


Block = Sentence | Points | Figure | Table | Command


@dataclass(frozen=True)
class Section:
    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class KeyFigure:
    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Document:
    """A report: the finding first, then how it was come by, then what it does not show."""

    language: str
    title: str
    where: str
    heading: str
    lead: str
    key_figures: Sequence[KeyFigure]
    sections: Sequence[Section]
    brand: str
    skip: str
    verdict: tuple[Sequence[str], int] | None = None
    """Where something is judged: what it could be, and which of them it is."""
