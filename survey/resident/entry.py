"""The way in: a code or an open link, a language, who asks and why, and Begin."""

from __future__ import annotations

import datetime as dt

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, NotFound

from instruments import Form
from survey.admission import (
    Admitted,
    MistypedCodeError,
    NotAdmittedError,
    RevokedCodeError,
    UnknownCodeError,
    UsedCodeError,
    WaveNotOpenError,
    WaveOverError,
    by_code,
    by_open_link,
    open_waves,
)
from survey.answering import begin
from survey.guessing import (
    BEGUN_A_WAVE,
    BEGUN_BY_ONE,
    TooManyTriesError,
    count_beginning,
    note_wrong_try,
    refuse_if_guessing,
)
from survey.models import Invitation, Wave
from survey.resident.again import came_back, shown_again
from survey.resident.questions import OtherVisitorError
from survey.resident.views import blueprint
from survey.resident.visitor import (
    Visitor,
    keep_waiting,
    remember,
    visitor,
    waiting,
    welcome,
    would_replace,
    would_resume,
)
from survey.sealed_answers import read
from survey.staff.handing_over import interviewing
from survey.walk import Walk, asked_by
from survey.web import client_address, language, looking, parts, today, words, writing

REASONS: dict[type[Exception], str] = {
    MistypedCodeError: "mistyped",
    UnknownCodeError: "unknown",
    RevokedCodeError: "revoked",
    UsedCodeError: "used",
    WaveNotOpenError: "not-open",
    WaveOverError: "closed",
    TooManyTriesError: "guessing",
    OtherVisitorError: "other",
}
"""How a refusal is named in an address."""


@blueprint.get("/")
def front() -> ResponseReturnValue:
    chosen = request.args.get("language")
    if chosen in parts().languages:
        session["language"] = chosen
        return redirect(url_for("resident.front"))
    back = came_back()
    return (
        front_page() if back is None else _told_of_code(back[1].get("code", ""), back[0]["problem"])
    )


@blueprint.post("/")
def enter_code() -> ResponseReturnValue:
    typed = request.form.get("code", "")[:100]
    if not typed.strip():
        return _typed_again(typed, "code.blank")
    try:
        admitted = _admitted(typed)
    except MistypedCodeError as mistyped:
        wrong = "code.wrong_length" if mistyped.wrong_length else "code.mistyped"
        return _typed_again(typed, wrong)
    except UnknownCodeError:
        return _typed_again(typed, "code.unknown")
    except (NotAdmittedError, TooManyTriesError) as refusal:
        return _refused(refusal)
    return onwards(welcome(admitted))


@blueprint.get("/c/<code>")
def follow_link(code: str) -> ResponseReturnValue:
    """What the QR in a letter says. Nothing is stored, so that a preview of the link harms nothing.

    The answer is always a redirect, so that the code stays in no address bar and no history.
    """
    try:
        return _by_link(_admitted(code[:100]))
    except (NotAdmittedError, TooManyTriesError) as refusal:
        return _refused(refusal)


@blueprint.get("/sorry/<reason>")
def refused(reason: str) -> ResponseReturnValue:
    """Why a link from a letter leads nowhere."""
    refusal = next((kind for kind, name in REASONS.items() if name == reason), NotFound)
    if refusal is WaveNotOpenError:
        opens = session.get("opens")
        raise WaveNotOpenError(dt.date.fromisoformat(opens) if opens else None)
    raise refusal


@blueprint.get("/open/<int:wave_id>")
def without_code(wave_id: int) -> ResponseReturnValue:
    with looking() as database:
        admitted = by_open_link(database, wave_id, today())
    return _by_link(admitted)


@blueprint.get("/another")
def another() -> ResponseReturnValue:
    """A link came while somebody else has begun here; whoever sits here says which it shall be."""
    if waiting() is None:
        return redirect(url_for("resident.front"))
    return render_template("resident/another.html")


@blueprint.post("/another")
def let_another_in() -> ResponseReturnValue:
    admitted = waiting()
    if admitted is None:
        return redirect(url_for("resident.front"), 303)
    return onwards(welcome(admitted), told=False)


@blueprint.get("/language")
def choose_language() -> ResponseReturnValue:
    somebody = visitor()
    if somebody is None:
        return redirect(url_for("resident.front"))
    return render_template(
        "resident/language.html",
        codes=_form(somebody).languages,
        page=request.args.get("page", type=int),
    )


@blueprint.post("/language")
def set_language() -> ResponseReturnValue:
    somebody = visitor()
    if somebody is None:
        return redirect(url_for("resident.front"))
    chosen = request.form.get("language", "")
    if chosen not in _form(somebody).languages:
        raise BadRequest
    session["language"] = chosen
    page = request.form.get("page", type=int)
    if somebody.begun and page:
        return redirect(url_for("resident.page", number=page), 303)
    return redirect(url_for("resident.about"), 303)


@blueprint.get("/about")
def about() -> ResponseReturnValue:
    somebody = visitor()
    if somebody is None:
        return redirect(url_for("resident.front"))
    with looking() as database:
        form = parts().forms.of(database, somebody.wave_id)
        asked = asked_by(database, somebody.wave_id)
    if language() not in form.languages:
        return redirect(url_for("resident.choose_language"))
    return render_template("resident/about.html", asked=asked, form=form, somebody=somebody)


@blueprint.post("/about")
def agree_and_begin() -> ResponseReturnValue:
    somebody = visitor()
    if somebody is None:
        return redirect(url_for("resident.front"), 303)
    if request.form.get("response") != str(somebody.response_id):
        # Another link was followed while this page stood open.
        return redirect(url_for("resident.about"), 303)
    if somebody.begun:
        return redirect(url_for("resident.resume"), 303)
    begun, first = _begun(somebody)
    remember(begun)
    if first is None:
        return redirect(url_for("resident.resume"), 303)
    return redirect(url_for("resident.page", number=first), 303)


def front_page(typed: str = "", *, problem: str = "", notice: str = "") -> str:
    """The page with the code on it, with what was typed and what is wrong with it."""
    with looking() as database:
        waves = open_waves(database, today())
    return render_template(
        "resident/front.html", typed=typed, problem=problem, notice=notice, open_waves=waves
    )


def _admitted(typed: str) -> Admitted:
    """Let somebody in by their code, and count a guess. Raises NotAdmittedError."""
    who, now = client_address(), dt.datetime.now(dt.UTC)
    try:
        with looking() as database:
            refuse_if_guessing(database, who, now)
            return by_code(database, parts().keys, typed, today())
    except UnknownCodeError:
        with writing() as database:
            note_wrong_try(database, who, now)
        raise


def _typed_again(typed: str, problem: str) -> ResponseReturnValue:
    """The page with the code, with what was typed on it and one of our messages beside it."""
    again = shown_again({"problem": problem}, MultiDict({"code": typed}))
    return again or (_told_of_code(typed, problem), 422)


def _told_of_code(typed: str, problem: str) -> str:
    return front_page(typed, problem=words()(problem, received=_shortened(typed)))


def _refused(refusal: NotAdmittedError | TooManyTriesError) -> ResponseReturnValue:
    """To the page that says why, at an address that holds no code."""
    if isinstance(refusal, WaveNotOpenError):
        session["opens"] = refusal.opens.isoformat() if refusal.opens else None
    return redirect(url_for("resident.refused", reason=REASONS[type(refusal)]), 303)


def _by_link(admitted: Admitted) -> ResponseReturnValue:
    """Let in whom a link names.

    Anybody can send a link, also one that leads into answers of their own: so it closes nobody out
    unasked, and nobody comes to the questions by it who was not told here who asks, and why.
    """
    if would_replace(admitted):
        keep_waiting(admitted)
        return redirect(url_for("resident.another"), 303)
    told = would_resume(admitted)
    return onwards(welcome(admitted), told=told)


def _begun(somebody: Visitor) -> tuple[Visitor, int | None]:
    """Begin, and say on which page; another device may have got further meanwhile."""
    keys = parts().keys
    with writing() as database:
        form = parts().forms.of(database, somebody.wave_id)
        wave, invitation = database.execute(
            select(Wave, Invitation)
            .outerjoin(Invitation, Invitation.id == somebody.invitation_id)
            .where(Wave.id == somebody.wave_id)
        ).one()
        if invitation is not None and invitation.revoked:
            raise RevokedCodeError
        if invitation is None:
            now = dt.datetime.now(dt.UTC)
            count_beginning(database, f"wave {somebody.wave_id}", now, most=BEGUN_A_WAVE)
            count_beginning(database, f"begun {client_address()}", now, most=BEGUN_BY_ONE)
        response = begin(
            database,
            keys,
            somebody.response_id,
            wave,
            invitation=invitation,
            language=language(),
            day=today(),
            mode="interview" if interviewing() else "web",
        )
        here = Walk(form, read(keys, response), response.id, response.revision)
    return somebody.begin(response.id), here.first_unseen()


def onwards(somebody: Visitor, *, told: bool = True) -> ResponseReturnValue:
    """To where one left off; else to the choice of language, where there is one to make."""
    if somebody.begun and told:
        return redirect(url_for("resident.resume"), 303)
    offered = _form(somebody).languages
    if session.get("language") in offered:
        return redirect(url_for("resident.about"), 303)
    if len(offered) == 1:
        session["language"] = offered[0]
        return redirect(url_for("resident.about"), 303)
    return redirect(url_for("resident.choose_language"), 303)


def _form(somebody: Visitor) -> Form:
    with looking() as database:
        return parts().forms.of(database, somebody.wave_id)


def _shortened(typed: str) -> str:
    return typed.strip()[:40]
