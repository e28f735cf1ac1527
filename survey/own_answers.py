"""What somebody answered, found by their receipt: in words, for them to read and to take along.

Found by the receipt alone, which only they were shown. The code of a letter finds nothing here:
the sender has it too, and would read what was answered with it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from instruments import (
    NOT_ANSWERED,
    Form,
    FormPage,
    InstrumentTexts,
    Item,
    Kind,
    Said,
    Value,
    month_written,
)
from processing import DURATION_MINUTES
from survey.forms import Forms
from survey.models import Area, Invitation, Response, Study, Superseded, Wave
from survey.sealed_answers import read
from survey.secrets import Keys, NotOpenedError, could_be_code


class ReceiptError(Exception):
    """No answers are found by what was typed; each subclass says why."""


class MistypedReceiptError(ReceiptError):
    """A slip of the finger: the check character does not agree. No guess, so it is not counted."""


class CodeOfLetterError(ReceiptError):
    """The code of a letter, which finds no answers."""


class NoAnswersError(ReceiptError):
    """Nothing belongs to it: never given out, erased, not arrived yet, or its link is deleted."""


@dataclass(frozen=True)
class Line:
    """One question, and what was answered: several for a choice of many, none for a blank."""

    question: Said
    answers: tuple[Said, ...]
    unreadable: bool = False  # on paper: a cross nobody could read, or two where one fits
    ranked: bool = False  # the answers stand in the order they were given


@dataclass(frozen=True)
class Part:
    """A page of the questionnaire."""

    heading: Said
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class OwnAnswers:
    """All that is kept of one person's answers, in one language."""

    study: str
    wave: int
    sender: str
    contact: str
    legal_basis: str
    frozen: bool
    area: str | None  # None on an open link, where nobody knows it
    invited: bool
    day: dt.date
    language: str
    mode: str
    helper: str
    minutes: tuple[int | None, int | None] | None  # from, to; None where nobody knows
    copies: int  # later or replaced ones that do not count
    parts: tuple[Part, ...] | None  # None where the key that opens them is gone


def find_own(session: Session, keys: Keys, typed: str) -> Response:
    """The submitted response of a receipt. Raises the ReceiptErrors of this module."""
    if not could_be_code(typed):
        raise MistypedReceiptError
    found = session.scalar(
        select(Response).where(Response.receipt_hash == keys.receipt_hash(typed))
    )
    if found is not None:
        return found
    code = select(Invitation.id).where(Invitation.code_hash == keys.code_hash(typed))
    if session.scalar(code) is not None:
        raise CodeOfLetterError
    raise NoAnswersError


def own_answers(
    session: Session, keys: Keys, forms: Forms, response_id: uuid.UUID, language: str
) -> OwnAnswers:
    """What a response holds, told in a language. Raises NoAnswersError when it was erased."""
    found = session.execute(
        select(Response, Wave, Study, Area.name)
        .join(Wave, Wave.id == Response.wave_id)
        .join(Study, Study.id == Wave.study_id)
        .outerjoin(Area, Area.id == Response.area_id)
        .where(Response.id == response_id)
    ).first()
    if found is None:
        raise NoAnswersError
    response, wave, study, area = found
    copies = select(func.count()).where(Superseded.response_id == response.id)
    try:
        answers = read(keys, response).answers
    except NotOpenedError:
        parts = None
    else:
        form = forms.of(session, wave.id)
        spoken = language if language in form.languages else form.languages[0]
        parts = tuple(_parts(form, answers, spoken))
    return OwnAnswers(
        study=study.title,
        wave=wave.number,
        sender=study.sender,
        contact=study.contact,
        legal_basis=wave.legal_basis,
        frozen=wave.status == "frozen",
        area=area,
        invited=response.invitation_id is not None,
        day=response.day,
        language=response.language,
        mode=response.mode,
        helper=response.helper,
        minutes=_minutes(response.duration_class),
        copies=session.scalar(copies) or 0,
        parts=parts,
    )


def _parts(form: Form, answers: Mapping[str, Value], language: str) -> Iterator[Part]:
    """What was asked or answered, page by page; what no route led to is left out."""
    hidden = form.hidden(answers)
    for page in form.pages():
        lines = tuple(_lines(page, answers, hidden, language))
        if lines:
            yield Part(InstrumentTexts(page.instrument, language).heading(page.page), lines)


def _lines(
    page: FormPage, answers: Mapping[str, Value], hidden: frozenset[str], language: str
) -> Iterator[Line]:
    texts = InstrumentTexts(page.instrument, language)
    for item, column in zip(page.page.items, page.columns, strict=True):
        value = answers.get(column, NOT_ANSWERED)
        if column in hidden and value == NOT_ANSWERED:
            continue
        said = tuple(_words(texts, item, value))
        unreadable = not said and value != NOT_ANSWERED
        ranked = item.kind is Kind.RANKING and isinstance(value, list)
        yield Line(texts.full_question(item), said, unreadable, ranked)


def _words(texts: InstrumentTexts, item: Item, value: Value) -> Iterator[Said]:
    """An answer as it was read when it was chosen, never a code."""
    responses = item.responses
    offered = {*responses.codes, *responses.apart}
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, int) and one in offered:
            yield texts.answer(responses, one)
        elif isinstance(one, str):
            yield Said(one, texts.language)
        elif one >= 0:
            yield _number(texts, item, one)


def _number(texts: InstrumentTexts, item: Item, number: int) -> Said:
    if item.kind is Kind.MONTH:
        return Said(month_written(number), texts.language)
    if item.kind is not Kind.RATING:
        return Said(str(number), texts.language)
    lowest, highest = texts.ends(item.responses)
    ends = {item.responses.lowest or 0: lowest, item.responses.highest: highest}
    if number in ends:
        return Said(f"{number} ({ends[number]})", ends[number].language)
    return Said(str(number), texts.language)


def _minutes(duration_class: int) -> tuple[int | None, int | None] | None:
    """From and to, of a class of duration; its open end is None."""
    if duration_class == 0:
        return None
    bounds = (None, *DURATION_MINUTES, None)
    return bounds[duration_class - 1], bounds[duration_class]
