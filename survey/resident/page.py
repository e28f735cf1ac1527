"""Shows one page of questions: as it is stored, or as it came back and what is wrong with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import render_template
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from instruments import NOT_ANSWERED, AnswerError, Fault, Form, Kind, Value, month_written
from survey.fields import AnswerField, Question, QuestionPage, filled, question_pages, sent
from survey.languages import Words
from survey.sealed_answers import Conflict
from survey.walk import Walk
from survey.web import language, words


@dataclass(frozen=True)
class Asked:
    """One question on the page, with what there is to say of it."""

    field: AnswerField
    problem: Markup | None
    conflict: Markup | None
    number: int
    """Among the questions that are asked; a line for "which" has that of its question."""
    of: int

    @property
    def question(self) -> Question:
        question: Question = self.field.question
        return question

    def html(self) -> Markup:
        """The question as it stands on the page."""
        if not self._looks_like_others():
            return self._rendered()
        # Half of a page's cost was to write the same answers anew for every visitor.
        key = language(), self.number, self.of, self.field.chosen
        looks = LOOKS.setdefault(id(self.question), {})
        if key not in looks:
            looks[key] = self._rendered()
        return looks[key]

    def _looks_like_others(self) -> bool:
        """Whether this is one of the few ways the question can look with at most one chosen."""
        said = self.field.typed or any(self.field.placed) or len(self.field.chosen) > 1
        if said or self.problem or self.conflict:
            return False
        # What a stranger sent may be anything, and each would be kept for as long as we run.
        return self.field.chosen <= self.question.values

    def _rendered(self) -> Markup:
        html = render_template("resident/question.html", asked=self)
        return Markup(html)  # noqa: S704  # the template has escaped what it was given


@dataclass(frozen=True)
class CameBack:
    """A page as it was sent, and what there is to say of it."""

    fields: MultiDict[str, str]
    problems: tuple[AnswerError, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    stored: bool = True


NOT_A = {
    Kind.NUMBER: "problem.not_a_number",
    Kind.YEAR: "problem.not_a_year",
    Kind.MONTH: "problem.not_a_month",
}
"""What is said of something that is not of the kind."""
OF_A_YEAR = frozenset({Kind.YEAR, Kind.MONTH})

# By identity: the questions of a form are made once and live as long as the process.
LOOKS: dict[int, dict[tuple[str, int, int, frozenset[str]], Markup]] = {}


def in_order(
    fields: Sequence[AnswerField],
    problems: Mapping[str, Markup | None] = MappingProxyType({}),
    conflicts: Mapping[str, Markup] = MappingProxyType({}),
) -> list[Asked]:
    """The questions of a page, numbered among themselves."""
    of = sum(1 for answer in fields if not answer.question.of)
    asked: list[Asked] = []
    number = 0
    for answer in fields:
        number += 0 if answer.question.of else 1
        column = answer.question.column
        asked.append(Asked(answer, problems.get(column), conflicts.get(column), number, of))
    return asked


def question_page(form: Form, number: int) -> QuestionPage:
    """A page in the language it is asked in. Raises IndexError."""
    return question_pages(form, asked_in(form))[form.pages()[number - 1].key]


def asked_in(form: Form) -> str:
    """Return this reader's language, or the form's first for one that it does not offer."""
    # Another tab may have chosen a language for the front page that this wave has not.
    return language() if language() in form.languages else form.languages[0]


def show(here: Walk, number: int, back: CameBack | None = None, *, notice: str = "") -> str:
    """The page as HTML: as it came back, else as it is stored."""
    t = words()
    page = question_page(here.form, number)
    fields = sent(page, back.fields) if back else filled(page, here.content.answers)
    problems = back.problems if back else ()
    conflicts = back.conflicts if back else ()
    said = {problem.column: problem_words(t, page, problem) for problem in problems}
    told = {
        conflict.column: _conflict_words(t, page.by_column[conflict.column], conflict)
        for conflict in conflicts
    }
    hidden = page.hidden(here.hidden) - set(said) - set(told)
    asked = in_order(fields.answer_fields(hidden), said, told)
    return render_template(
        "resident/page.html",
        page=page,
        number=number,
        asked=asked,
        foreign=any(problem.fault is Fault.NOT_ON_FORM for problem in problems),
        notice="conflict" if conflicts else notice,
        shown=here.shown,
        place=here.place(number),
        last=here.is_last(number),
        helped=back.fields.get("helper", "") if back else "",
        # A page that came back keeps what it was based on, until the writer has told it more.
        revision=_revision(here, back),
        write=_write_id(back),
        response=here.response_id,
        here=here,
        languages=here.form.languages,
    )


def problem_words(t: Words, page: QuestionPage, problem: AnswerError) -> Markup | None:
    """One sentence: what was received and what is allowed. None for what is not on the page."""
    if problem.fault is Fault.NOT_ON_FORM:
        return None
    kind = page.by_column[problem.column].kind
    rule = problem.rule
    received = str(problem.received)[:40]
    if problem.fault is Fault.TOO_LONG:
        return t("problem.too_long", length=rule["length"], longest=rule["longest"])
    if problem.fault is Fault.TWICE:
        return t("problem.twice")
    if problem.fault is Fault.WRONG_TYPE and kind in NOT_A:
        return t(NOT_A[kind], received=received)
    if problem.fault is Fault.OUT_OF_RANGE:
        return _range_words(t, kind, received, rule)
    return t("problem.not_an_option")


def answer_words(t: Words, question: Question, value: Value | None) -> Markup:
    """A stored answer, as people read it."""
    if value is None or value == NOT_ANSWERED:
        return t("unsaved.blank")
    codes = value if isinstance(value, list) else [value]
    shown = [_said(question, code) for code in codes]
    return Markup("<bdi>{}</bdi>").format(", ".join(shown))


def _said(question: Question, code: int | str) -> str:
    label = question.label(code) if isinstance(code, int) else None
    if label is not None:
        return label.text
    month = question.kind is Kind.MONTH and isinstance(code, int) and code >= 0
    return month_written(int(code)) if month else str(code)


def _range_words(t: Words, kind: Kind, received: str, rule: Mapping[str, Any]) -> Markup:
    # Handed over as text: a year takes no separator.
    bounds = {name: str(rule[name]) for name in ("lowest", "highest") if rule[name] is not None}
    if len(bounds) == 2:
        key = "problem.year_between" if kind in OF_A_YEAR else "problem.number_between"
    else:
        key = "problem.number_at_least" if "lowest" in bounds else "problem.number_at_most"
    return t(key, received=received, **bounds)


def _conflict_words(t: Words, question: Question, conflict: Conflict) -> Markup:
    return t(
        "conflict.item",
        before=answer_words(t, question, conflict.replaced),
        now=answer_words(t, question, conflict.kept),
    )


def _revision(here: Walk, back: CameBack | None) -> int:
    if back and not back.stored:
        return back.fields.get("revision", 0, type=int)
    return here.revision


def _write_id(back: CameBack | None) -> uuid.UUID:
    """A new write; or the same, where nobody knows whether it was stored."""
    if back and not back.stored:
        try:
            return uuid.UUID(back.fields.get("write", ""))
        except ValueError:
            pass
    return uuid.uuid4()
