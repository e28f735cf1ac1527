"""The questions: every page is saved before the next is shown, and the last ends in a receipt."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, NotFound

from instruments import Form
from processing import DURATION_MINUTES
from survey.answering import (
    AlreadySubmittedError,
    Held,
    Recorded,
    WaveClosedError,
    check,
    record,
    submit,
)
from survey.resident.again import came_back, shown_again
from survey.resident.leaving import Thanked, left, thank, thanked
from survey.resident.packs import PackError, helper_said, page_write
from survey.resident.page import CameBack, asked_in, show
from survey.resident.views import blueprint
from survey.resident.visitor import Visitor, forget, visitor
from survey.sealed_answers import Conflict, PageWrite
from survey.secrets import shown_code
from survey.staff.handing_over import interviewing
from survey.walk import Walk, asked_by, walk
from survey.web import language, looking, parts, today, writing


class OtherVisitorError(Exception):
    """The page was made for another person than the one this browser is now open for."""


class NoVisitorError(Exception):
    """A page came back to a browser that has forgotten whose it is."""


@dataclass(frozen=True)
class Saved:
    """What became of a page, and where that leaves the person."""

    here: Walk
    recorded: Recorded
    submitted: bool


@blueprint.get("/page")
def resume() -> ResponseReturnValue:
    """Where one left off."""
    here = current_walk()
    if here.submitted:
        return redirect(url_for("resident.done"))
    return _to(here.first_unseen())


@blueprint.get("/page/<int:number>")
def page(number: int) -> ResponseReturnValue:
    """One page. Raises AlreadySubmittedError where there is something to be told of that."""
    here = current_walk()
    back = came_back()
    if here.submitted and back:
        raise AlreadySubmittedError
    if here.submitted:
        return redirect(url_for("resident.done"))
    if not here.has(number):
        raise NotFound
    if language() not in here.form.languages:
        return redirect(url_for("resident.choose_language", page=number))
    if not here.may_see(number):
        return redirect(url_for("resident.resume"))
    return show(here, number, _told(here, number, *back) if back else None)


@blueprint.post("/page/<int:number>")
def save_page(number: int) -> ResponseReturnValue:
    somebody = visitor_of_this_page()
    move = request.form.get("move", "next")
    with writing() as database:
        saved = _save(database, somebody, number, move)
    if saved.recorded.conflicts or (saved.recorded.problems and move in {"next", "send"}):
        return _shown_again(saved, number)
    if saved.submitted:
        return redirect(url_for("resident.done"), 303)
    if move == "leave":
        return left()
    if move == "language":
        return redirect(url_for("resident.choose_language", page=number), 303)
    if move == "back":
        return _to(saved.here.before(number) or number)
    return _to(saved.here.after(number))


@blueprint.get("/send")
def ready() -> ResponseReturnValue:
    """For whoever has seen every page and sent nothing."""
    here = current_walk()
    if here.submitted:
        return redirect(url_for("resident.done"))
    if here.first_unseen() is not None:
        return redirect(url_for("resident.resume"))
    return render_template("resident/send.html", back=here.shown[-1], response=here.response_id)


@blueprint.post("/send")
def send() -> ResponseReturnValue:
    somebody = visitor_of_this_page()
    if current_walk().first_unseen() is not None:
        return redirect(url_for("resident.resume"), 303)
    with writing() as database:
        _submit(database, somebody)
    return redirect(url_for("resident.done"), 303)


@blueprint.get("/done")
def done() -> ResponseReturnValue:
    """The thanks, and with them the last that this browser knows of whoever answered."""
    somebody = visitor()
    if somebody is None or not somebody.begun:
        again = thanked()
        if again is not None:
            return _thanks(again)
        return redirect(url_for("resident.about" if somebody else "resident.has_left"))
    with looking() as database:
        here = walk(database, parts().keys, parts().forms, somebody.response_id, day=today())
    if not here.submitted:
        return redirect(url_for("resident.resume"))
    now_thanked = Thanked(
        somebody.wave_id, somebody.response_id, somebody.invitation_id is None, interviewing()
    )
    forget()
    return thank(make_response(_thanks(now_thanked)), now_thanked)


def begun_visitor() -> Visitor:
    """Whoever this browser was opened for, if they have begun. Raises NoVisitorError."""
    somebody = visitor()
    if somebody is None or not somebody.begun:
        raise NoVisitorError
    return somebody


def visitor_of_this_page() -> Visitor:
    """Whoever sent this page. Raises NoVisitorError, OtherVisitorError."""
    somebody = begun_visitor()
    if request.form.get("response") != str(somebody.response_id):
        raise OtherVisitorError
    return somebody


def current_walk() -> Walk:
    """Where this browser's person stands. Raises WaveClosedError where the wave is over."""
    somebody = begun_visitor()
    with looking() as database:
        here = walk(database, parts().keys, parts().forms, somebody.response_id, day=today())
    if not here.submitted and not here.asked:
        raise WaveClosedError
    return here


def duration_class(minutes: float | None) -> int:
    """1 to 5 by the upper ends that datasets know; 0 when nobody knows."""
    return 0 if minutes is None else bisect_left(DURATION_MINUTES, minutes) + 1


def _save(database: Session, somebody: Visitor, number: int, move: str) -> Saved:
    """Save a page, and in the same stroke send the whole where that was asked for."""
    keys, form = parts().keys, parts().forms.of(database, somebody.wave_id)
    if not 1 <= number <= len(form.pages()):
        raise NotFound
    recorded = record(
        database,
        keys,
        form,
        somebody.response_id,
        _write(form, number, request.form),
        day=today(),
        language=asked_in(form),
    )
    here = Walk(form, recorded.content, somebody.response_id, recorded.revision)
    # "skip" is the way on past problems, on the last page too.
    wanted = move == "skip" or (move == "send" and not recorded.problems)
    sends = wanted and not recorded.conflicts and here.after(number) is None
    if sends:
        _submit(database, somebody, recorded.held)
    return Saved(here, recorded, sends)


def _shown_again(saved: Saved, number: int) -> ResponseReturnValue:
    """The page with what was sent on it, and what there is to say of that."""
    problems, conflicts = saved.recorded.problems, saved.recorded.conflicts
    told = {"conflicts": [[one.column, one.kept, one.replaced] for one in conflicts]}
    again = shown_again(told, request.form)
    if again is not None:
        return again
    status = 409 if conflicts else 422
    return show(saved.here, number, CameBack(request.form, problems, conflicts)), status


def _told(here: Walk, number: int, said: dict[str, Any], fields: MultiDict[str, str]) -> CameBack:
    """A page that came back, with what was wrong with it found once more."""
    columns = here.form.pages()[number - 1].columns
    answers = _write(here.form, number, fields).answers
    _, problems = check(here.form, columns, answers, year=today().year)
    conflicts = tuple(Conflict(*one) for one in said.get("conflicts", []))
    return CameBack(fields, tuple(problems), conflicts)


def _write(form: Form, number: int, fields: MultiDict[str, str]) -> PageWrite:
    """What came back, as the writer wants it. Raises BadRequest for what no page of ours sends."""
    try:
        return page_write(form, number, asked_in(form), fields)
    except PackError:
        raise BadRequest from None


def _submit(database: Session, somebody: Visitor, held: Held | None = None) -> None:
    submit(
        database,
        parts().keys,
        somebody.response_id,
        day=today(),
        duration_class=duration_class(somebody.minutes()),
        helper=helper_said(request.form),
        held=held,
    )


def _thanks(one: Thanked) -> str:
    with looking() as database:
        asked = asked_by(database, one.wave_id)
    return render_template(
        "resident/done.html",
        receipt=shown_code(parts().keys.receipt(one.response_id)),
        asked=asked,
        open_link=one.open_link,
        interview=one.interview,
        somebody_here=True,
    )


def _to(number: int | None) -> ResponseReturnValue:
    if number is None:
        return redirect(url_for("resident.ready"), 303)
    return redirect(url_for("resident.page", number=number), 303)
