"""A page of a form as a WTForms form, for residents and keyers alike.

A field knows what its item asks and offers, in one language, and reads what came back. Whether an
answer is allowed is not decided here: that is the one writer's to say, for every way in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field
from wtforms import Form as WTForm

from instruments import (
    Comparison,
    Form,
    FormPage,
    InstrumentTexts,
    Item,
    Kind,
    Recording,
    Said,
    month_written,
)

# Kinds that are written; the others are chosen.
WRITTEN = frozenset({Kind.NUMBER, Kind.YEAR, Kind.MONTH, Kind.TEXT})


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen."""

    code: int
    said: Said
    value: str  # the code, as a form sends it
    id: str
    opens: bool = False  # whether the question after it asks which other answer was meant


@dataclass(frozen=True)
class Question:
    """One item in one language, ready to be shown."""

    column: str
    item: Item
    number: int  # on its page, from 1
    said: Said
    short: Said
    hint: Said
    choices: tuple[Choice, ...]
    apart: tuple[Choice, ...]
    ends: tuple[Said, Said] | None
    recording: Recording | None = None  # in this language
    of: str = ""  # the column of the question before it, of whose other answer this says which

    @property
    def kind(self) -> Kind:
        return self.item.kind

    @cached_property
    def written(self) -> bool:
        return self.kind in WRITTEN

    @cached_property
    def first_id(self) -> str:
        """The control that a link to this question leads to."""
        if self.kind is Kind.RANKING:
            return self.place_id(1)
        return self.column if self.written else self.choices[0].id

    def place_id(self, place: int) -> str:
        """The control that says what has a place in a ranking."""
        return f"{self.column}_place{place}"

    @cached_property
    def longest(self) -> int:
        """How many signs fit: of a text its limit, of a number its digits."""
        responses = self.item.responses
        if self.kind is Kind.TEXT:
            return responses.longest or 0
        if self.kind is Kind.YEAR:
            return 4
        if self.kind is Kind.MONTH:
            return 7
        return len(str(responses.highest)) if responses.highest is not None else 6

    @cached_property
    def values(self) -> frozenset[str]:
        """Everything that can be chosen, as a form sends it."""
        return frozenset(choice.value for choice in (*self.choices, *self.apart))

    def label(self, code: int) -> Said | None:
        """What a code is called here, also one that is offered apart."""
        every = (*self.choices, *self.apart)
        return next((choice.said for choice in every if choice.code == code), None)


@dataclass(frozen=True)
class QuestionPage:
    """One page in one language: its words, its questions, and the form that reads it."""

    key: str
    heading: Said
    lead: Said
    questions: tuple[Question, ...]
    form: type[PageForm] = field(repr=False)

    def hidden(self, closed: frozenset[str]) -> frozenset[str]:
        """The columns that are not shown, of those that routes close.

        Which other answer was meant may be said as soon as its question is asked: without a script
        the page cannot wait for the choice.
        """
        with_theirs = {one.column for one in self.questions if one.of and one.of not in closed}
        return closed - with_theirs

    @cached_property
    def by_column(self) -> Mapping[str, Question]:
        return {question.column: question for question in self.questions}


class AnswerField(Field):  # type: ignore[misc]  # WTForms has no types
    """One item. `chosen` and `typed` are what the page shows, whoever said it."""

    def __init__(self, question: Question, **options: Any) -> None:
        super().__init__(label=str(question.said), **options)
        self.question = question
        self.chosen: frozenset[str] = frozenset()
        self.placed: tuple[str, ...] = ()  # of a ranking: what stands at each place, or ""
        self.typed = ""

    def process_data(self, value: object) -> None:
        """Show an answer as it is stored."""
        self.data = value
        if isinstance(value, list) and self.question.kind is Kind.RANKING:
            self.placed = tuple(str(code) for code in value)
        elif isinstance(value, list):
            self.chosen = frozenset(str(code) for code in value)
        elif isinstance(value, int) and (value < 0 or not self.question.written):
            self.chosen = frozenset({str(value)})
        elif isinstance(value, int) and self.question.kind is Kind.MONTH:
            self.typed = month_written(value)
        elif value is not None:
            self.typed = str(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Show what came back, also what cannot be an answer."""
        apart = {choice.value for choice in self.question.apart}
        if self.question.kind is Kind.RANKING:
            self.placed = tuple(value for value in valuelist if value not in apart)
            self.chosen = frozenset(valuelist) & apart
        elif self.question.written:
            # The line stands before the boxes and is always sent, a blank too. Where both are
            # filled in, what was written is the answer.
            self.typed = valuelist[0] if valuelist else ""
            self.chosen = frozenset(valuelist[1:]) & apart
        else:
            self.typed = ""
            self.chosen = frozenset(valuelist)
        self.data = None

    @property
    def received(self) -> object:
        """What the writer is told, before it is checked; None for a blank."""
        if self.typed.strip():
            return self.typed
        reasons = [choice.value for choice in self.question.apart if choice.value in self.chosen]
        if self.question.kind is Kind.RANKING:
            return [code for code in self.placed if code.strip()] or (reasons[:1] or None)
        if self.question.kind is Kind.MULTIPLE:
            # An option is an answer; a reason for none beside it says nothing.
            return sorted(self.chosen - set(reasons)) or (reasons[:1] or None)
        if self.question.written:
            return int(reasons[0]) if reasons else None
        return min(self.chosen) if self.chosen else None


class PageForm(WTForm):  # type: ignore[misc]  # WTForms has no types
    """The fields of one page, in order."""

    def received(self) -> dict[str, object]:
        """What came back of every item, by column."""
        return {column: answer.received for column, answer in self._fields.items()}

    def answer_fields(self, hidden: frozenset[str] = frozenset()) -> list[AnswerField]:
        """The fields that are shown."""
        return [answer for column, answer in self._fields.items() if column not in hidden]


class QuestionPages:
    """Every page of one form in one language; what is made here never changes."""

    def __init__(self, form: Form, language: str) -> None:
        self.form = form
        self._pages = {page.key: _page(page, language) for page in form.pages()}

    def __getitem__(self, key: str) -> QuestionPage:
        return self._pages[key]


_KNOWN: dict[tuple[int, str], QuestionPages] = {}


def question_pages(form: Form, language: str) -> QuestionPages:
    """The pages of a form, made once a process. Raises KeyError for a language it has not."""
    # By identity, since comparing whole questionnaires would cost more than making the pages;
    # what is kept here keeps its form alive, and with it the identity.
    key = id(form), language
    if key not in _KNOWN:
        _KNOWN[key] = QuestionPages(form, language)
    return _KNOWN[key]


def filled(page: QuestionPage, answers: Mapping[str, object]) -> PageForm:
    """The page as it is stored."""
    return page.form(data=answers)


def sent(page: QuestionPage, formdata: MultiDict[str, str]) -> PageForm:
    """The page as it came back."""
    return page.form(formdata=formdata)


def _page(page: FormPage, language: str) -> QuestionPage:
    texts = InstrumentTexts(page.instrument, language)
    items = page.page.items
    questions = tuple(
        _question(texts, item, column, number, _opening(following))
        for number, (item, column, following) in enumerate(
            zip(items, page.columns, (*items[1:], None), strict=True), start=1
        )
    )
    fields = {question.column: AnswerField(question) for question in questions}
    return QuestionPage(
        key=page.key,
        heading=texts.heading(page.page),
        lead=texts.lead(page.page),
        questions=questions,
        form=type("OnePageForm", (PageForm,), fields),
    )


def _opening(following: Item | None) -> frozenset[int]:
    """The answers of which the next item asks which was meant."""
    if following is None or not following.specifies:
        return frozenset()
    condition = following.show_if
    return frozenset(condition.values if isinstance(condition, Comparison) else ())


def _question(
    texts: InstrumentTexts, item: Item, column: str, number: int, opening: frozenset[int]
) -> Question:
    responses = item.responses

    def choices(codes: Sequence[int]) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                code,
                texts.answer(responses, code),
                str(code),
                f"{column}_{_id(code)}",
                opens=code in opening,
            )
            for code in codes
        )

    rating = item.kind is Kind.RATING
    points = range(responses.lowest or 0, (responses.highest or 0) + 1) if rating else ()
    line = tuple(
        Choice(point, Said(str(point), texts.language), str(point), f"{column}_{point}")
        for point in points
    )
    return Question(
        column=column,
        item=item,
        number=number,
        said=texts.question(item),
        short=texts.short(item),
        hint=texts.hint(item),
        choices=line or choices(responses.codes),
        apart=choices(responses.apart),
        ends=texts.ends(responses) if rating else None,
        recording=texts.instrument.recordings.get(texts.language, {}).get(item.id),
        of=_column_specified(texts, item),
    )


def _column_specified(texts: InstrumentTexts, item: Item) -> str:
    instrument = texts.instrument
    return instrument.column(instrument.item(item.specifies)) if item.specifies else ""


def _id(code: int) -> str:
    return str(code) if code >= 0 else f"apart{-code}"
