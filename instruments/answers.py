"""Whether a value can be the answer to an item, and what is stored for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from instruments.definition import NOT_ANSWERED, Item, Kind, Responses

Value: TypeAlias = int | list[int] | str
"""A stored answer: a number or code, sorted codes of a multiple choice, text, or a missing code."""

PAPER_CODES = frozenset(range(-8, -2))
"""What a keyer may say of a field that holds no answer: don't know (-3) to not answered (-8)."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Fault(StrEnum):
    """What is wrong with an answer; each stands for one sentence to the person."""

    NOT_AN_OPTION = "not_an_option"
    OUT_OF_RANGE = "out_of_range"
    TOO_LONG = "too_long"
    WRONG_TYPE = "wrong_type"
    NOT_ON_FORM = "not_on_form"


class AnswerError(ValueError):
    """A value cannot be the answer to an item.

    `rule` holds what the sentence to the person needs: `codes`, `lowest` and `highest`, `longest`,
    or `kind`. The value is in `received` only, never in the error's own words: an error may end in
    a log, and an answer must not.
    """

    def __init__(
        self, column: str, fault: Fault, received: object, rule: Mapping[str, object]
    ) -> None:
        self.column = column
        self.fault = fault
        self.received = received
        self.rule = MappingProxyType(dict(rule))
        super().__init__(column, fault)

    def __str__(self) -> str:
        rule = ", ".join(f"{key} {value}" for key, value in self.rule.items())
        return f"{self.column}: {self.fault.value.replace('_', ' ')} ({rule})"


def normalised(column: str, item: Item, value: object, *, year: int, paper: bool = False) -> Value:
    """Return what is stored for an answer.

    Accepts what forms and files hold: numbers as digits of any script, options in any order, line
    ends of any system. What is written in a number's field is never a missing code. A blank (None, empty text, no option) becomes NOT_ANSWERED. A missing code
    must be offered apart by the item, or on `paper` be one that a keyer may say. `year` is the
    wave's, the highest a year can be where the definition sets no other.

    Raises AnswerError.
    """
    check = _Check(column, item.responses, year, paper)
    if _blank(value):
        return NOT_ANSWERED
    code = _whole_number(value) if item.kind is not Kind.TEXT or isinstance(value, int) else None
    if code is not None and code < 0:
        if isinstance(value, str) and item.kind in {Kind.NUMBER, Kind.YEAR}:
            return check.number(code)  # somebody wrote a minus; a reason for none comes as a number
        return check.missing(code)
    if item.kind is Kind.TEXT:
        return check.text(value)
    if item.kind is Kind.MULTIPLE:
        return check.options(value)
    if code is None:
        raise check.error(Fault.WRONG_TYPE, value, kind=item.kind.value)
    if item.kind is Kind.SINGLE:
        return check.option(code)
    return check.number(code)


class _Check:
    def __init__(self, column: str, responses: Responses, year: int, paper: bool) -> None:
        self.column = column
        self.responses = responses
        self.year = year
        self.reasons = {NOT_ANSWERED, *responses.apart, *(PAPER_CODES if paper else ())}

    def error(self, fault: Fault, received: object, **rule: object) -> AnswerError:
        return AnswerError(self.column, fault, received, rule)

    def missing(self, code: int) -> int:
        if code in self.reasons:
            return code
        allowed = sorted(self.reasons, reverse=True)
        raise self.error(Fault.NOT_AN_OPTION, code, codes=(*self.responses.codes, *allowed))

    def option(self, code: int) -> int:
        if code not in self.responses.codes:
            raise self.error(Fault.NOT_AN_OPTION, code, codes=self.responses.codes)
        return code

    def options(self, value: object) -> Value:
        if not isinstance(value, list | tuple | set | frozenset):
            raise self.error(Fault.WRONG_TYPE, value, kind=Kind.MULTIPLE.value)
        chosen = set()
        for one in value:
            code = _whole_number(one)
            if code is None:
                raise self.error(Fault.WRONG_TYPE, value, kind=Kind.MULTIPLE.value)
            if code < 0 and len(value) == 1:
                return self.missing(code)
            if code not in self.responses.codes:
                raise self.error(Fault.NOT_AN_OPTION, value, codes=self.responses.codes)
            chosen.add(code)
        return sorted(chosen)

    def number(self, number: int) -> int:
        lowest, highest = self.responses.lowest, self.responses.highest
        if highest is None and self.responses.kind is Kind.YEAR:
            highest = self.year
        too_low = number < (lowest or 0)
        too_high = highest is not None and number > highest
        if too_low or too_high:
            raise self.error(Fault.OUT_OF_RANGE, number, lowest=lowest, highest=highest)
        return number

    def text(self, value: object) -> Value:
        if not isinstance(value, str):
            raise self.error(Fault.WRONG_TYPE, value, kind=Kind.TEXT.value)
        longest = self.responses.longest or 0
        text = _storable(value)
        if len(text) > longest:
            raise self.error(Fault.TOO_LONG, value, longest=longest, length=len(text))
        return text or NOT_ANSWERED


def _blank(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, list | tuple | set | frozenset) and not value)


def _whole_number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    # int() also reads Arabic and Persian digits; twelve bound what a hostile page can make it do.
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,12}\s*", value):
        return int(value)
    return None


def _storable(text: str) -> str:
    """Return the text in the one form that every database and file can hold.

    Invisible control characters and halves of surrogate pairs go: NUL ends strings in PostgreSQL,
    and the others break spreadsheets. So do embeddings, overrides and isolates of direction, which
    reach beyond the text they stand in and can turn a researcher's table round; single marks of
    direction stay, since right-to-left text needs them.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (
        character
        for character in text
        if character in "\n\t"
        or (unicodedata.category(character) not in {"Cc", "Cs"} and character not in _TURNING)
    )
    return "".join(kept).strip()
