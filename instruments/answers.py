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
"""A stored answer: a number or code, sorted codes of a multiple choice, codes in the order they
were ranked, a month as 201405, text, or a missing code."""

MONTHS = 12

PAPER_CODES = frozenset(range(-8, -2))
"""What a keyer may say of a field that holds no answer: don't know (-3) to not answered (-8)."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Fault(StrEnum):
    """What is wrong with an answer; each stands for one sentence to the person."""

    NOT_AN_OPTION = "not_an_option"
    OUT_OF_RANGE = "out_of_range"
    TOO_LONG = "too_long"
    TWICE = "twice"
    TOO_MANY = "too_many"
    WRONG_TYPE = "wrong_type"
    NOT_ON_FORM = "not_on_form"


class AnswerError(ValueError):
    """A value cannot be the answer to an item.

    `rule` holds what the sentence to the person needs: `codes`, `lowest` and `highest`, `longest`,
    `places`, or `kind`. The value is in `received` only, never in the error's own words: an error
    may end in a log, and an answer must not.
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
    ends of any system. What is written in a number's field is never a missing code. A blank (None,
    empty text, no option) becomes NOT_ANSWERED. A missing code must be offered apart by the item,
    or on `paper` be one that a keyer may say. `year` is the wave's, the highest a year can be where
    the definition sets no other.

    Raises AnswerError.
    """
    check = _Check(column, item.responses, year, paper)
    if _blank(value):
        return NOT_ANSWERED
    code = _whole_number(value) if item.kind is not Kind.TEXT or isinstance(value, int) else None
    if code is not None and code < 0:
        if isinstance(value, str) and item.kind in {Kind.NUMBER, Kind.YEAR, Kind.MONTH}:
            return check.number(code)  # somebody wrote a minus; a reason for none comes as a number
        return check.missing(code)
    if item.kind is Kind.TEXT:
        return check.text(value)
    if item.kind is Kind.MULTIPLE:
        return check.options(value)
    if item.kind is Kind.RANKING:
        return check.ranking(value)
    if item.kind is Kind.MONTH:
        return check.month(value)
    if code is None:
        raise check.error(Fault.WRONG_TYPE, value, kind=item.kind.value)
    if item.kind is Kind.SINGLE:
        return check.option(code)
    return check.number(code)


def month_written(month: int) -> str:
    """A month as people write it.

    >>> month_written(201405)
    '5/2014'
    """
    year, number = divmod(month, 100)
    return f"{number}/{year}"


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
        chosen = self.chosen(value)
        return sorted(set(chosen)) if isinstance(chosen, list) else chosen

    def chosen(self, value: object) -> list[int] | int:
        if not isinstance(value, list | tuple | set | frozenset):
            raise self.error(Fault.WRONG_TYPE, value, kind=self.responses.kind.value)
        chosen = []
        for one in value:
            code = _whole_number(one)
            if code is None:
                raise self.error(Fault.WRONG_TYPE, value, kind=self.responses.kind.value)
            if code < 0 and len(value) == 1:
                return self.missing(code)
            if code not in self.responses.codes:
                raise self.error(Fault.NOT_AN_OPTION, value, codes=self.responses.codes)
            chosen.append(code)
        return chosen

    def ranking(self, value: object) -> Value:
        """Codes from the foremost down; a place that was left out closes up."""
        ranked = self.chosen(value)
        if isinstance(ranked, int):
            return ranked
        if len(set(ranked)) < len(ranked):
            raise self.error(Fault.TWICE, value, codes=self.responses.codes)
        if len(ranked) > (self.responses.places or 0):
            raise self.error(Fault.TOO_MANY, value, places=self.responses.places)
        return ranked

    def month(self, value: object) -> int:
        """A month as 201405, from that number or from how people write it."""
        for year, month in (meant := _months_meant(value)):
            if not self.outside(year):
                return year * 100 + month
        if not meant:
            raise self.error(Fault.WRONG_TYPE, value, kind=Kind.MONTH.value)
        raise self.error(Fault.OUT_OF_RANGE, value, **self.bounds())

    def number(self, number: int) -> int:
        if self.outside(number):
            raise self.error(Fault.OUT_OF_RANGE, number, **self.bounds())
        return number

    def bounds(self) -> dict[str, int | None]:
        highest = self.responses.highest
        if highest is None and self.responses.kind in {Kind.YEAR, Kind.MONTH}:
            highest = self.year
        return {"lowest": self.responses.lowest, "highest": highest}

    def outside(self, number: int) -> bool:
        bounds = self.bounds()
        highest = bounds["highest"]
        return number < (bounds["lowest"] or 0) or (highest is not None and number > highest)

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


# 5/2014, 05-2014, 5 2014, 52014; or 2014-05 and 201405. Where no sign stands between them, both may
# fit: the bounds decide.
_MONTH_FIRST = re.compile(r"\s*(?P<month>\d{1,2})[\s./-]*(?P<year>\d{4})\s*")
_YEAR_FIRST = re.compile(r"\s*(?P<year>\d{4})[\s./-]*(?P<month>\d{1,2})\s*")


def _months_meant(value: object) -> list[tuple[int, int]]:
    """Every year and month that was perhaps meant."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return []
    read = [written.fullmatch(str(value)) for written in (_MONTH_FIRST, _YEAR_FIRST)]
    meant = [(int(one["year"]), int(one["month"])) for one in read if one]
    return [(year, month) for year, month in meant if 1 <= month <= MONTHS]


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
