"""Every problem a questionnaire file can have: where it is, what is wrong, what to do.

One constructor per kind of problem, so that the words stand in one place and nobody makes up new
ones in passing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Place:
    """A spot in a file; line 0 stands for the file as a whole."""

    file: str
    line: int = 0
    key: str = ""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, for the person who wrote the file."""

    file: str
    line: int
    key: str
    what: str
    todo: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        key = f", {self.key}" if self.key else ""
        return f"{where}{key}: {self.what} {self.todo}"


class DefinitionError(Exception):
    """A questionnaire cannot be used. Carries every problem of all its files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line, p.key, p.what)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = "1 problem:" if count == 1 else f"{count} problems:"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])


class PinMismatchError(DefinitionError):
    """The files are no longer those that a wave was opened with."""


class UnknownInstrumentError(LookupError):
    """Nobody has made a questionnaire of that name and version."""

    def __init__(self, asked: str, available: Collection[str]) -> None:
        self.asked = asked
        self.available = tuple(sorted(available))
        super().__init__(asked)

    def __str__(self) -> str:
        there = ", ".join(self.available) or "none"
        return (
            f"There is no questionnaire {self.asked!r}. Available: {there}."
            f"{_perhaps(self.asked, self.available)}"
        )


# --- the file as a whole ---------------------------------------------------------------------


def missing_file(place: Place) -> Problem:
    return _problem(place, "The file is missing.", "Add it, or remove what refers to it.")


def not_readable(place: Place, reason: str) -> Problem:
    return _problem(place, f"This is not readable YAML: {reason}.", "Correct the line.")


def empty_file(place: Place) -> Problem:
    return _problem(place, "The file is empty.", "Write it, or remove it.")


def not_utf8(place: Place) -> Problem:
    return _problem(place, "The file is not UTF-8 text.", "Save it as UTF-8.")


def too_big(place: Place, size: int, most: int) -> Problem:
    return _problem(
        place,
        f"The file has {size} bytes; at most {most} are read.",
        "Split the questionnaire into several.",
    )


def duplicate_key(place: Place, first_line: int) -> Problem:
    return _problem(
        place, f"The key stands twice; first in line {first_line}.", "Remove or rename one of them."
    )


def alias(place: Place) -> Problem:
    return _problem(place, "YAML anchors and aliases are not used here.", "Write the value out.")


def too_deep(place: Place, most: int) -> Problem:
    return _problem(place, f"Nested deeper than {most} levels.", "Flatten it.")


def key_not_text(place: Place) -> Problem:
    return _problem(place, "A key is a list or a mapping.", "Write the key as one word.")


def wrong_name(place: Place, received: object, folder: str) -> Problem:
    return _problem(
        place,
        f"The file says {str(received)!r}, but it stands in the folder {folder!r}.",
        "Make the two agree.",
    )


def published_changed(place: Place, listed: str, received: str) -> Problem:
    return _problem(
        place,
        f"This published file was changed: its SHA-256 is {received[:12]}…, published as {listed[:12]}….",
        "Restore the file, and make a new version for what you want to change.",
    )


def published_missing(place: Place) -> Problem:
    return _problem(
        place,
        "The file was published but is not there.",
        "Restore it: waves may have been opened with it.",
    )


def pinned_changed(place: Place, pinned: str, received: str) -> Problem:
    return _problem(
        place,
        f"The wave was opened with SHA-256 {pinned[:12]}…, but the file now has {received[:12]}….",
        "Restore the file as it was when the wave opened.",
    )


def pinned_missing(place: Place) -> Problem:
    return _problem(
        place,
        "The wave was opened with this file, but it is not there.",
        "Restore the file as it was when the wave opened.",
    )


# --- keys and values -------------------------------------------------------------------------


def missing_key(place: Place) -> Problem:
    return _problem(place, "The key is missing.", "Add it.")


def unknown_key(place: Place, key: str, known: Collection[str]) -> Problem:
    return _problem(
        place,
        f"The key {key!r} is not known here.",
        f"Use one of: {', '.join(known)}.{_perhaps(key, known)}",
    )


def wrong_value(place: Place, received: object, rule: str) -> Problem:
    return _problem(place, f"The value is {_shown(received)}.", f"Here belongs: {rule}.")


def not_an_identifier(place: Place, received: object) -> Problem:
    return _problem(
        place,
        f"{_shown(received)} cannot be part of a variable's name.",
        "Use small letters a-z, digits and _, beginning with a letter.",
    )


def control_character(place: Place) -> Problem:
    return _problem(
        place, "The text holds an invisible control character.", "Remove it from the text."
    )


def duplicate_id(place: Place, received: str, first_line: int) -> Problem:
    return _problem(
        place,
        f"The id {received!r} is already used in line {first_line}.",
        "Give each page, item and scale an id of its own.",
    )


def duplicate_value(place: Place, received: object) -> Problem:
    return _problem(place, f"{_shown(received)} stands twice in the list.", "Keep it once.")


def unknown_reference(place: Place, sort: str, received: str, known: Collection[str]) -> Problem:
    return _problem(
        place,
        f"There is no {sort} {received!r}.",
        f"Name one that the definition has.{_perhaps(received, known)}",
    )


# --- responses, columns, routes, scales ------------------------------------------------------


def needed_for_kind(place: Place, kind: str) -> Problem:
    return _problem(place, f"Responses of kind '{kind}' need this key.", "Add it.")


def not_for_kind(place: Place, kind: str) -> Problem:
    return _problem(place, f"Responses of kind '{kind}' have no such key.", "Remove it.")


def bounds_crossed(place: Place, lowest: int, highest: int) -> Problem:
    return _problem(
        place,
        f"The lowest value, {lowest}, is not below the highest, {highest}.",
        "Give the smaller one as lowest.",
    )


def no_responses(place: Place) -> Problem:
    return _problem(
        place,
        "Neither the item nor its page says which responses it takes.",
        "Add `responses` to the item or to the page.",
    )


def column_too_long(place: Place, column: str, most: int) -> Problem:
    return _problem(
        place,
        f"The variable {column!r} has {len(column)} characters; statistics programs take {most}.",
        "Shorten the item's id.",
    )


def column_twice(place: Place, column: str) -> Problem:
    return _problem(
        place,
        f"The variable {column!r} would exist twice.",
        "Rename the item whose id ends like another item's option, or in _raw.",
    )


def not_earlier(place: Place, item: str) -> Problem:
    return _problem(
        place,
        f"The condition asks about {item!r}, which is not answered before this is shown.",
        "Refer only to items that stand earlier; a page's condition, to items on earlier pages.",
    )


def operator_not_for_kind(place: Place, operator: str, item: str, kind: str) -> Problem:
    return _problem(
        place,
        f"{operator!r} does not fit {item!r}, which is of kind '{kind}'.",
        "Use `includes` for multiple choice and ranking, the others for codes and numbers, none "
        "for text.",
    )


def specifies_nothing(place: Place, item: str) -> Problem:
    return _problem(
        place,
        f"This does not say which other answer to {item!r} was meant.",
        "Make it a text right after that item, on the same page, with a show_if that names the "
        "item and its code for other: `in` for a single choice, `includes` for several.",
    )


def not_an_answer(place: Place, received: int, item: str) -> Problem:
    return _problem(
        place,
        f"{received} is not an answer that {item!r} can have.",
        "Name codes that its responses offer, or values within its bounds.",
    )


def not_scalable(place: Place, item: str, kind: str) -> Problem:
    return _problem(
        place,
        f"{item!r} is of kind '{kind}', which a scale cannot be made of.",
        "Use items of kind single, rating or number.",
    )


def not_countable(place: Place, item: str) -> Problem:
    return _problem(
        place,
        f"The scale counts, but {item!r} has other codes than 0 and 1.",
        "Give it the codes 1 for yes and 0 for no, or score the scale as percent.",
    )


def too_wide_for_a_scale(place: Place, item: str, received: int, largest: int) -> Problem:
    return _problem(
        place,
        f"{item!r} goes up to {received}; an item of a scale has no code above {largest}.",
        "Give it fewer or smaller codes, or leave it out of the scale.",
    )


def not_in_scale(place: Place, item: str) -> Problem:
    return _problem(
        place,
        f"{item!r} is not one of the scale's items.",
        "Add it to the items or remove it here.",
    )


_UNTIL_RECORDED = "Until it is, a phone with a voice for the language reads it aloud."


# --- texts -----------------------------------------------------------------------------------


def missing_text(place: Place, language: str, todo: str) -> Problem:
    return _problem(place, f"The text is missing in {language!r}.", todo)


def code_without_answer(place: Place, received: int) -> Problem:
    return _problem(
        place,
        f"{received} is labelled here, but the definition offers no such answer.",
        "Remove the label or correct the code.",
    )


def heading_not_open(place: Place) -> Problem:
    return _problem(
        place,
        "The question begins with … but the page's heading does not end with it.",
        "End the heading with …, or write the question out, so that it is understood alone.",
    )


def unknown_recording(place: Place, received: str, known: Collection[str]) -> Problem:
    return _problem(
        place,
        f"{received or 'A file without an ending'!r} is no kind of recording that all phones play.",
        f"Save it as one of: {', '.join(known)}.",
    )


def nothing_recorded(place: Place, languages: Collection[str]) -> Problem:
    return _problem(place, f"Nothing is recorded in {', '.join(languages)}.", _UNTIL_RECORDED)


def not_recorded(place: Place, lacking: Collection[str]) -> Problem:
    return _problem(place, f"Not recorded: {', '.join(lacking)}.", _UNTIL_RECORDED)


def hard_to_read(place: Place, lix: float, most: float) -> Problem:
    return _problem(
        place,
        f"The question's LIX is {lix:.0f}; plain Danish stays at or below {most:.0f}.",
        "Use shorter sentences and shorter words.",
    )


def page_mixed(place: Place, page: str, used: Collection[str]) -> Problem:
    return _problem(
        place,
        f"The page {page!r} asks on {len(used)} response scales: {', '.join(used)}.",
        "Give each a page and a heading of its own, unless the construct needs them together.",
    )


def page_length(place: Place, page: str, items: int, fewest: int, most: int) -> Problem:
    counted = "1 item" if items == 1 else f"{items} items"
    return _problem(
        place,
        f"The page {page!r} has {counted}; pages have {fewest} to {most}.",
        "Regroup them, unless no other items are answered on the same scale.",
    )


def review_unknown(place: Place, language: str) -> Problem:
    return _problem(
        place,
        f"Nothing says whether the text in {language!r} was reviewed.",
        f"Add `{language}: none`, or `by` and `date` of the review.",
    )


def _problem(place: Place, what: str, todo: str) -> Problem:
    return Problem(place.file, place.line, place.key, what, todo)


def _perhaps(received: str, known: Collection[str]) -> str:
    close = get_close_matches(received, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _shown(received: object) -> str:
    text = repr(received)
    return text if len(text) <= 60 else f"{text[:57]}…"
