"""The interviewer's desk: whose turn it is, and then the tablet is the resident's."""

from __future__ import annotations

import datetime as dt
import re

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from survey.access import studies_as
from survey.admission import (
    Admitted,
    MistypedCodeError,
    NotAdmittedError,
    RevokedCodeError,
    UnknownCodeError,
    UsedCodeError,
    WaveNotOpenError,
    WaveOverError,
)
from survey.doorstep import (
    BegunElsewhereError,
    OtherStudyError,
    at_door_by_code,
    at_door_by_reference,
    at_door_without_code,
    note_interviewer,
    waves_to_ask,
)
from survey.guessing import TooManyTriesError, note_wrong_try, refuse_if_guessing
from survey.staff import me, needs_role
from survey.staff.handing_over import back_at_desk, hand_over
from survey.web import client_address, parts, reading, today, writing

blueprint = Blueprint("interview", __name__, url_prefix="/interview")

# Each failure's message is interview.<name>.
FAILURES: dict[type[Exception], tuple[str, int]] = {
    MistypedCodeError: ("mistyped", 422),
    UnknownCodeError: ("unknown", 422),
    UsedCodeError: ("used", 409),
    RevokedCodeError: ("revoked", 410),
    BegunElsewhereError: ("begun", 409),
    OtherStudyError: ("other_study", 403),
    WaveNotOpenError: ("closed", 409),
    WaveOverError: ("closed", 409),
    TooManyTriesError: ("guessing", 429),
}


@blueprint.get("/")
@needs_role("fieldworker")
def start() -> Response | str:
    """Whose turn it is. Whoever was asked before is forgotten when this page is shown."""
    back_at_desk()
    return _page()


@blueprint.post("/")
@needs_role("fieldworker")
def begin() -> ResponseReturnValue:
    """Hand the tablet over to whoever a code, a reference or an open wave stands for."""
    try:
        with reading() as database:
            refuse_if_guessing(database, client_address(), dt.datetime.now(dt.UTC))
            admitted = _admitted(database)
    except (NotAdmittedError, TooManyTriesError) as failure:
        if isinstance(failure, UnknownCodeError):
            with writing() as database:
                note_wrong_try(database, client_address(), dt.datetime.now(dt.UTC))
        problem, status = FAILURES[type(failure)]
        return _page(problem), status
    with writing() as database:
        note_interviewer(database, me(), admitted.wave_id, today())
    hand_over(admitted)
    return redirect(url_for("resident.at_the_door"), 303)


def _admitted(database: Session) -> Admitted:
    """Raises NotAdmittedErrors."""
    studies, sent = studies_as(me(), "fieldworker"), request.form
    # No row has a number as long as a stranger can write.
    wave_id = int(sent["wave"]) if re.fullmatch(r"[0-9]{1,9}", sent.get("wave", "")) else 0
    if sent.get("how") == "open":
        return at_door_without_code(database, wave_id, studies, today())
    if sent.get("how") == "reference":
        if wave_id not in {wave.id for wave in waves_to_ask(database, studies, today())}:
            raise WaveOverError
        return at_door_by_reference(database, wave_id, sent.get("reference", "")[:100], studies)
    return at_door_by_code(database, parts().keys, sent.get("code", "")[:100], studies, today())


def _page(problem: str = "") -> str:
    with reading() as database:
        waves = waves_to_ask(database, studies_as(me(), "fieldworker"), today())
    how = request.form.get("how", "code")
    typed = request.form.get("reference" if how == "reference" else "code", "")[:40]
    return render_template(
        "fieldwork/interview.html", waves=waves, problem=problem, how=how, typed=typed
    )
