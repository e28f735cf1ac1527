"""When a resident's page cannot be taken: what they wrote is shown again, or told apart.

One function a failure. Those that any visitor can meet stand in survey/errors.py.
"""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from sqlalchemy.exc import OperationalError

from instruments import NOT_ANSWERED, AnswerError, Form, Value
from survey.answering import AlreadySubmittedError, NoSuchResponseError, WaveClosedError
from survey.errors import sorry, unavailable
from survey.fields import AnswerField, sent
from survey.resident.again import came_back, shown_again
from survey.resident.entry import front_page
from survey.resident.leaving import left, thanked
from survey.resident.own_data import OWN_DATA_POSTS, receipt_again
from survey.resident.page import CameBack, answer_words, question_page, show
from survey.resident.questions import NoVisitorError, OtherVisitorError, begun_visitor
from survey.resident.views import blueprint
from survey.resident.visitor import forget, visitor
from survey.walk import Walk, walk
from survey.web import parts, reading, today, words

# What is compared with a stored answer needs no bound of its own: that one was checked when it came.
_ANY_YEAR = 9999


@blueprint.errorhandler(NoVisitorError)
def nobody(_failure: NoVisitorError) -> ResponseReturnValue:
    """Nobody is known here: a bookmark, or a browser that was closed."""
    if request.method == "POST":
        return _sent_twice() or sorry("session", 400, more="cookies")
    somebody = visitor()
    return redirect(url_for("resident.about" if somebody else "resident.front"))


@blueprint.errorhandler(OtherVisitorError)
def other_visitor(_failure: OtherVisitorError) -> ResponseReturnValue:
    """Two people use one browser; neither may write into the other's answers."""
    if request.method == "POST":
        return redirect(url_for("resident.refused", reason="other"), 303)
    return sorry("other", 409)


@blueprint.errorhandler(NoSuchResponseError)
def gone(_failure: NoSuchResponseError) -> ResponseReturnValue:
    """The answers were withdrawn while a page stood open."""
    forget()
    return sorry("gone", 410)


@blueprint.errorhandler(CSRFError)
def forged_or_expired(_failure: CSRFError) -> ResponseReturnValue:
    """The page again, with the person's words in it: they may be the rightful one, come late."""
    if request.endpoint == "resident.enter_code":
        notice = words()("sorry.session.cookies")
        return front_page(request.form.get("code", "")[:100], notice=notice), 400
    if request.endpoint == "resident.leave":
        return left()  # to stay, because the token was old, is what nobody asked for
    if request.endpoint in OWN_DATA_POSTS:
        return receipt_again()
    somebody = visitor()
    if somebody is None or not somebody.begun:
        return _sent_twice() or sorry("session", 400, more="cookies")
    if request.form.get("response", str(somebody.response_id)) != str(somebody.response_id):
        return sorry("other", 409)
    return _page_again("token", 400) or redirect(request.path, 303)


@blueprint.errorhandler(OperationalError)
def not_stored(failure: OperationalError) -> ResponseReturnValue:
    """Whatever keeps the database from storing: the page again, with the person's words in it."""
    try:
        again = _page_again("full", 503)
    except OperationalError:
        again = None
    return again or unavailable(failure)


@blueprint.errorhandler(WaveClosedError)
def closed(_failure: WaveClosedError) -> ResponseReturnValue:
    """The wave closed in the middle: say what they wrote, and which of it was saved."""
    return _told_apart("late") or sorry("closed", 410, more="more")


@blueprint.errorhandler(AlreadySubmittedError)
def sent_before(_failure: AlreadySubmittedError) -> ResponseReturnValue:
    """A page that stood open in another tab comes after the answers were sent."""
    return _told_apart("sent") or redirect(url_for("resident.done"), 303)


def _page_again(notice: str, status: int) -> ResponseReturnValue | None:
    """The posted page with what was posted; None where the request was no page of questions."""
    here = _posted_walk()
    if here is None or here.submitted or not here.asked:
        return None
    return show(here, _number(), CameBack(request.form, stored=False), notice=notice), status


def _sent_twice() -> ResponseReturnValue | None:
    """A page that comes again, just after its person was thanked, leads to the thanks again."""
    again = thanked()
    if again is None or request.form.get("response") != str(again.response_id):
        return None
    return redirect(url_for("resident.done"), 303)


def _told_apart(why: str) -> ResponseReturnValue | None:
    """What was written on a page that was not taken, each with whether it was saved before."""
    here, back = _posted_walk(), came_back()
    if here is None or (request.method == "GET" and back is None):
        return None
    if request.method == "POST":
        again = shown_again({}, request.form)
        if again is not None:
            return again
    page = question_page(here.form, _number())
    fields = sent(page, back[1] if back else request.form).answer_fields()
    # What a route closes by the stored answers was perhaps opened by those that were not taken.
    told = [
        answer
        for answer in fields
        if answer.received is not None or answer.question.column not in here.hidden
    ]
    lines = [
        _line(here.form, answer, here.content.answers.get(answer.question.column))
        for answer in told
    ]
    return render_template("resident/unsaved.html", why=why, lines=lines, page=page), 409


def _line(form: Form, answer: AnswerField, stored: Value | None) -> dict[str, object]:
    question = answer.question
    try:
        written = form.validate_answer(question.column, answer.received, year=_ANY_YEAR)
    except AnswerError:
        return {
            "question": question.short,
            "written": _as_received(answer.received),
            "saved": False,
            "blank": False,
        }
    return {
        "question": question.short,
        "written": answer_words(words(), question, written),
        "saved": written == stored,
        "blank": written == NOT_ANSWERED,
    }


def _as_received(received: object) -> Markup:
    """What can be no answer, as it came."""
    codes = received if isinstance(received, list) else [received]
    return Markup("<bdi>{}</bdi>").format(", ".join(str(code) for code in codes))


def _posted_walk() -> Walk | None:
    if request.endpoint not in {"resident.save_page", "resident.page"}:
        return None
    response_id = begun_visitor().response_id
    with reading() as database:
        here = walk(database, parts().keys, parts().forms, response_id, day=today())
    return here if here.has(_number()) else None


def _number() -> int:
    number: int = (request.view_args or {})["number"]
    return number
