"""Keying without a line: what a device takes along, and what comes back from it.

A device is given blank questionnaires and the numbers of sheets, never anything that was keyed. What
is keyed on it comes back sealed, names its keyer, and is taken from that keyer alone; it is stored by
the way that every keying goes, once, however often it is sent.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Annotated, Any

from flask import Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from survey import own_batches, paper, sheet_states
from survey.access import roles_of, sign_in, studies_as
from survey.answering import InvalidAnswersError
from survey.batches import NoSuchBatchError
from survey.delivery import STATIC
from survey.fieldwork.away_packs import KeyedAway, NoKeyingError, open_keying
from survey.fieldwork.keying import FAILURES, asked_by, blueprint, said_by_script, words_for_script
from survey.guessing import TooManyTriesError
from survey.kept_pages import kept_version
from survey.scripts import joined
from survey.sealed_box import Box, BoxError, public_key
from survey.sheet_states import SheetError
from survey.staff import me, needs_role
from survey.web import client_address, language, parts, reading, words, writing

MOST_KEYINGS = 40
MOST_BEGUN = 200

# What may have become of a keying besides the failures of its sheet: told as away.js.refused_<name>.
STORED, INVALID, OTHER_KEYER, UNOPENED = "stored", "invalid", "other_keyer", "unopened"
# Of a sheet that was begun: it can be keyed, and lies in another batch by now.
ELSEWHERE = "elsewhere"


class Delivery(BaseModel):
    """What a device sends."""

    now: Annotated[float, Field(allow_inf_nan=False)]  # the device's own clock, in seconds
    packs: list[Box]


@blueprint.get("/worker.js")
def away_worker() -> Response:
    """The worker that stands before the keying pages."""
    answer = Response(_worker(), mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/away")
@needs_role("fieldworker")
def away() -> str:
    """The page that keys without a line: the same for everybody, since the device keeps it."""
    return render_template(
        "fieldwork/away.html",
        said={
            **words_for_script("away.js."),
            "passes": [words().plain(f"keying.pass.{number}") for number in (1, 2)],
        },
        idle=parts().settings.idle_minutes,
        for_script={**said_by_script(), "fields": [], "languages": [], "serial": "", "keyer": 0},
    )


@blueprint.get("/batches/<int:batch_id>/along")
@needs_role("fieldworker")
def take_along(batch_id: int) -> ResponseReturnValue:
    """All that keying a batch needs: its questionnaire, and the sheets that this person may key.

    Of sheets `begun` on the device that are not among them it is told why.
    """
    begun = request.args.getlist("begun")[:MOST_BEGUN]
    try:
        with reading() as database:
            batch, sheets = own_batches.sheets_to_key(
                database, batch_id, me().id, studies_as(me(), "fieldworker")
            )
            form = parts().forms.of(database, batch.wave_id)
            key = public_key(parts().keys, batch.wave_id)
            named: dict[str, Any] = {
                "id": batch.id,
                "name": batch.name,
                "blind": paper.keyed_twice_by_rule(batch),
            }
            to_key = {one.serial for one in sheets}
            gone = {one: _why_gone(database, one) for one in begun if one not in to_key}
    except NoSuchBatchError:
        return jsonify(problem="There is no such batch in your studies."), 404
    return jsonify(
        batch=named | {"wave": key.wave_id, "key": key.id, "point": key.text},
        form=asked_by(form, dt.datetime.now(dt.UTC).year),
        sheets=[
            {"serial": one.serial, "number": one.number, "language": one.language} for one in sheets
        ],
        gone=gone,
    )


def _why_gone(database: Session, serial: str) -> str:
    """Why a sheet is not to be keyed with a batch that it was begun with."""
    try:
        paper.sheet_to_key(database, serial, me().id, studies_as(me(), "fieldworker"))
    except SheetError as failure:
        return FAILURES[type(failure)][0]
    return ELSEWHERE


@blueprint.post("/lock")
@needs_role("fieldworker")
def check_lock() -> ResponseReturnValue:
    """Whether a password is one's own, before a device is locked with it."""
    try:
        account = sign_in(
            parts().database,
            me().name,
            request.form.get("password", ""),
            address=client_address(),
            now=dt.datetime.now(dt.UTC),
        )
    except TooManyTriesError:
        return jsonify(problem="slow"), 429
    return jsonify(right=account is not None)


@blueprint.get("/line")
def line() -> ResponseReturnValue:
    """Who is signed in, and the token that their sending needs; a script cannot see redirects."""
    if not (current_user.is_authenticated and "fieldworker" in roles_of(me())):
        return jsonify(keyer=None), 401
    return jsonify(keyer=me().id, name=me().name, token=generate_csrf())


@blueprint.post("/deliver")
@needs_role("fieldworker")
def deliver_keyings() -> ResponseReturnValue:
    """Store what was keyed without a line, and tell of each what became of it."""
    try:
        sent = Delivery.model_validate(request.get_json(silent=True))
    except ValidationError:
        form = '{"now": seconds, "packs": [{"id", "wave", "key", "box"}]}'
        return jsonify(problem=f"Send JSON: {form}."), 400
    if len(sent.packs) > MOST_KEYINGS:
        return jsonify(problem=f"At most {MOST_KEYINGS} keyings at once."), 413
    told: list[dict[str, str]] = []
    try:
        for box in sent.packs:
            became = _store(_opened(box), box.wave, sent.now)
            told.append({"id": box.id, "became": became})
    except OperationalError:
        # A full disk, or no database: what was stored is told, the rest comes again.
        return jsonify(packs=told), 503
    return jsonify(packs=told)


def _opened(box: Box) -> KeyedAway | None:
    try:
        return open_keying(parts().keys, box)
    except (BoxError, NoKeyingError):
        return None


def _store(keyed: KeyedAway | None, wave_id: int, device_now: float) -> str:
    if keyed is None:
        return UNOPENED
    if keyed.keyer != me().id:
        return OTHER_KEYER
    try:
        with writing() as database:
            _save(database, keyed, wave_id, device_now)
    except SheetError as failure:
        return FAILURES[type(failure)][0]
    except InvalidAnswersError:
        return INVALID
    except (NoKeyingError, ValueError):
        return UNOPENED
    return STORED


def _save(database: Session, keyed: KeyedAway, wave_id: int, device_now: float) -> None:
    studies = studies_as(me(), "fieldworker")
    sheet = sheet_states.find_sheet(database, keyed.serial, studies)
    if sheet.batch.wave_id != wave_id:
        raise NoKeyingError("The sheet is of another wave than its keying.")
    form = parts().forms.of(database, wave_id)
    one = keyed.as_pass(form, device_now=device_now, now=dt.datetime.now(dt.UTC))
    paper.save_keying(database, parts().keys, form, keyed.serial, me().id, studies, one)


@blueprint.app_context_processor
def _for_the_start_page() -> dict[str, Any]:
    return {"away_address": _address, "away_words": lambda: words_for_script("away.js.")}


def _address() -> str:
    """Where the page to be kept lies: changes with its language, and with whatever it shows or runs."""
    return url_for("fieldwork.away", lang=language(), v=kept_version())


@lru_cache(maxsize=1)
def _worker() -> str:
    return joined(STATIC / "away-worker.js")
