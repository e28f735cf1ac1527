"""One's own answers, by the receipt: to read, to take along, to have erased.

The receipt comes by POST and stands in no address; what it opened is remembered in the cookie until
it is closed, or nobody has touched it for a while. Nothing here is noted of anybody who only looks.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import dataclass

import structlog
from flask import jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from instruments import DefinitionError
from processing import DatasetError
from survey.forms import NoFormError
from survey.freezing import NotFreezableError
from survey.guessing import note_wrong_try, refuse_if_guessing
from survey.models import Response, Wave
from survey.own_answers import (
    CodeOfLetterError,
    MistypedReceiptError,
    NoAnswersError,
    OwnAnswers,
    ReceiptError,
    find_own,
    own_answers,
)
from survey.resident.leaving import THANKS
from survey.resident.own_copy import as_data
from survey.resident.views import blueprint
from survey.resident.visitor import OWN_DATA, OWN_ERASED, forget
from survey.secrets import NotOpenedError
from survey.web import client_address, language, parts, reading, words, writing
from survey.withdrawal import UnknownReceiptError, erasure_number, finish, withdraw

log = structlog.get_logger()

# Who did it, as the audit names them: nobody knows more, and nobody needs to.
ACTOR = "a resident, by receipt"

OWN_DATA_POSTS = frozenset({"resident.open_own_data", "resident.erase_for_good"})

_REASONS: dict[type[ReceiptError], str] = {
    MistypedReceiptError: "mistyped",
    CodeOfLetterError: "is_code",
    NoAnswersError: "unknown",
}
# Whatever keeps a dataset from being written anew; what was to be erased is then asked for again.
_UNFINISHED = (
    OSError,
    OperationalError,
    DatasetError,
    DefinitionError,
    NoFormError,
    NotFreezableError,
    NotOpenedError,
)


class NothingOpenError(Exception):
    """No answers are open in this browser: a bookmark, another tab has closed them, or time has."""


@dataclass(frozen=True)
class Opened:
    """Whose answers this browser shows."""

    response_id: uuid.UUID
    wave_id: int


@blueprint.get("/mine")
def own_data() -> ResponseReturnValue:
    return _receipt_page()


@blueprint.post("/mine")
def open_own_data() -> ResponseReturnValue:
    typed = request.form.get("receipt", "")[:100]
    if not typed.strip():
        return _receipt_page(problem="blank"), 422
    who, now = client_address(), dt.datetime.now(dt.UTC)
    try:
        with reading() as database:
            refuse_if_guessing(database, who, now)
            found = find_own(database, parts().keys, typed)
    except ReceiptError as failure:
        if isinstance(failure, NoAnswersError):
            with writing() as database:
                note_wrong_try(database, who, now)
        return _receipt_page(typed.strip()[:40], problem=_REASONS[type(failure)]), 422
    # Whoever was answering here, and a receipt that another has opened, is closed by it.
    forget()
    session[OWN_DATA] = [str(found.id), found.wave_id, int(time.time())]
    answer = redirect(url_for("resident.own_answers_page"), 303)
    answer.delete_cookie(THANKS)
    return answer


@blueprint.get("/mine/answers")
def own_answers_page() -> ResponseReturnValue:
    here = _opened()
    return render_template("resident/own_answers.html", own=_own(here), here=here)


@blueprint.get("/mine/answers.json")
def own_answers_file() -> ResponseReturnValue:
    own = _own(_opened())
    answer = jsonify(as_data(own, words()))
    answer.headers["Content-Disposition"] = 'attachment; filename="mine-svar.json"'
    return answer


@blueprint.get("/mine/erase")
def erase_own_data() -> ResponseReturnValue:
    here = _opened()
    return render_template("resident/own_erase.html", own=_own(here), here=here)


@blueprint.post("/mine/erase")
def erase_for_good() -> ResponseReturnValue:
    here = _opened()
    if request.form.get("mine") != str(here.response_id):
        raise NothingOpenError  # the page was made for answers that another tab has closed since
    try:
        own = _erase(here)
    except _UNFINISHED as failure:
        # Never its own words: they may hold what somebody answered.
        log.error("erasure not finished", kind=type(failure).__name__)  # noqa: TRY400
        return render_template("resident/own_stuck.html", here=here), 503
    forget()
    session[OWN_ERASED] = {
        "number": erasure_number(parts().keys, here.response_id),
        "day": dt.datetime.now(dt.UTC).date().isoformat(),
        "touched": int(time.time()),
        **own,
    }
    return redirect(url_for("resident.own_data_erased"), 303)


@blueprint.get("/mine/erased")
def own_data_erased() -> ResponseReturnValue:
    erased = session.get(OWN_ERASED)
    if erased is None or _untouched_too_long(erased["touched"]):
        session.pop(OWN_ERASED, None)
        return redirect(url_for("resident.own_data"))
    day = dt.date.fromisoformat(erased["day"])
    return render_template("resident/own_erased.html", erased=erased, day=day)


@blueprint.errorhandler(NoAnswersError)
def answers_gone(_failure: NoAnswersError) -> ResponseReturnValue:
    """Erased by another tab, or by whoever keeps them, while they stood open here."""
    forget()
    return redirect(url_for("resident.own_data"), 303)


@blueprint.errorhandler(NothingOpenError)
def nothing_open(_failure: NothingOpenError) -> ResponseReturnValue:
    if request.method == "POST":
        return receipt_again()
    return redirect(url_for("resident.own_data"))


def receipt_again() -> ResponseReturnValue:
    """Ask for the receipt anew: the page had stood long, or the browser takes no cookies."""
    return _receipt_page(request.form.get("receipt", "")[:40], notice=True), 400


def _receipt_page(typed: str = "", *, problem: str = "", notice: bool = False) -> str:
    return render_template("resident/own_receipt.html", typed=typed, problem=problem, notice=notice)


def _opened() -> Opened:
    """Whose answers are open here. Raises NothingOpenError."""
    found = session.get(OWN_DATA)
    if found is None:
        raise NothingOpenError
    response_id, wave_id, touched = found
    if _untouched_too_long(touched):
        session.pop(OWN_DATA)
        raise NothingOpenError
    session[OWN_DATA] = [response_id, wave_id, int(time.time())]
    return Opened(uuid.UUID(response_id), wave_id)


def _untouched_too_long(touched: int) -> bool:
    return time.time() - touched > parts().settings.idle_minutes * 60


def _own(here: Opened) -> OwnAnswers:
    with reading() as database:
        return own_answers(database, parts().keys, parts().forms, here.response_id, language())


def _erase(here: Opened) -> dict[str, object]:
    """Erase, once; asked again, finish what was left. What the receipt of it must say."""
    keys, data = parts().keys, parts().settings.data
    try:
        with writing() as database:
            told = _told(database, here)
            response = database.get(Response, here.response_id)
            if response is None:
                # Pressed twice, or cut off after the database's word: then marks may be unmade.
                finish(database, here.wave_id, data)
            else:
                form = parts().forms.of(database, here.wave_id)
                withdraw(database, keys, form, response, data, actor=ACTOR)
    except UnknownReceiptError:
        with writing() as database:
            finish(database, here.wave_id, data)
    return told


def _told(database: Session, here: Opened) -> dict[str, object]:
    wave = database.get_one(Wave, here.wave_id)
    return {"study": wave.study.title, "frozen": wave.status == "frozen"}
