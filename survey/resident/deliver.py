"""What waited on a phone arrives: each pack is stored once, however often it comes.

No cookie is needed, and no token: whoever knows the id of a response, which stands in the sealed
pack alone, may write it, and nothing is told in return but what became of each pack. Each is stored
in a transaction of its own, in the order in which it was answered.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from instruments import Form
from survey.answering import (
    AlreadySubmittedError,
    NoSuchResponseError,
    WaveClosedError,
    WholeForm,
    keep_later,
    record,
    submit,
)
from survey.forms import NoFormError
from survey.guessing import TooManyTriesError, note_wrong_try, refuse_if_guessing
from survey.models import Response
from survey.resident.packs import (
    Box,
    BoxError,
    Pack,
    PackError,
    helper_said,
    open_pack,
    page_write,
)
from survey.resident.questions import duration_class
from survey.resident.views import blueprint
from survey.resident.visitor import forget, touch, visitor
from survey.walk import Walk
from survey.web import client_address, parts, reading, today, writing

MOST_PACKS = 40
# Damaged and forged boxes, not deliveries: a stairwell may share one address.
WRONG_BOXES_AN_HOUR = 100

Became = Literal["stored", "known", "late", "closed", "gone", "refused"]
"""stored, or known from before; late, since another device had sent; closed, the wave is over; gone,
the answers were withdrawn; refused, it cannot be opened or is no page of ours."""


@dataclass(frozen=True)
class Delivered:
    """What became of one pack, and of whose."""

    became: Became
    response_id: uuid.UUID | None = None
    ends: bool = False  # whoever sent it has finished here, or left


@blueprint.post("/deliver")
def deliver() -> ResponseReturnValue:
    try:
        content: dict[str, Any] = request.get_json(silent=True) or {}
        boxes = [Box.model_validate(one) for one in content["packs"]]
    except (ValidationError, KeyError, TypeError):
        return jsonify(problem='Send JSON: {"packs": [{"id", "wave", "key", "box"}]}.'), 400
    if len(boxes) > MOST_PACKS:
        return jsonify(problem=f"At most {MOST_PACKS} packs at once."), 413
    told: list[dict[str, str]] = []
    for box in boxes:
        try:
            delivered = _deliver(box)
        except TooManyTriesError:
            return jsonify(packs=told), 429
        except OperationalError:
            # A full disk, or no database: what was stored is told, the rest comes again.
            return jsonify(packs=told), 503
        told.append({"id": box.id, "became": delivered.became})
        _follow(delivered, here=content.get("here") is True)
    return jsonify(packs=told)


def _deliver(box: Box) -> Delivered:
    keys = parts().keys
    try:
        pack = open_pack(keys, box)
        response_id = pack.response_id
    except (BoxError, PackError):
        _count_wrong_box()
        return Delivered("refused")
    ends = pack.move in {"leave", "send"}
    try:
        with writing() as database:
            form = parts().forms.of(database, box.wave)
            became, ends = _store(database, form, box, pack)
    except (NoSuchResponseError, NoFormError):
        became = "gone"
    except WaveClosedError:
        became = "closed"
    except AlreadySubmittedError:
        became = _keep_later(box, pack)
    except (PackError, IndexError):
        became = "refused"
    return Delivered(became, response_id, ends)


def _store(database: Session, form: Form, box: Box, pack: Pack) -> tuple[Became, bool]:
    """Store a page, and submit where it was the last."""
    keys, day, response_id = parts().keys, today(), pack.response_id
    response = database.get(Response, response_id)
    if response is None or response.wave_id != box.wave:
        raise NoSuchResponseError
    before, was_submitted = response.revision, response.status == "submitted"
    sends = pack.move == "send"
    if pack.page:
        language = pack.language if pack.language in form.languages else form.languages[0]
        write = page_write(form, pack.page, language, pack.sent)
        recorded = record(database, keys, form, response_id, write, day=day, language=language)
        here = Walk(form, recorded.content, response_id, recorded.revision)
        # "skip" is the way on past problems, on the last page too.
        sends = sends or (pack.move == "skip" and here.after(pack.page) is None)
        news = recorded.revision > before
    elif was_submitted and pack.whole is not None:
        raise AlreadySubmittedError
    else:
        news = not was_submitted
    if sends:
        # Nobody is there any more to correct anything: what could not be stored is blank.
        submit(
            database,
            keys,
            response_id,
            day=day,
            duration_class=duration_class(pack.minutes),
            helper=helper_said(pack.sent),
        )
    return "stored" if news else "known", sends or pack.move == "leave"


def _keep_later(box: Box, pack: Pack) -> Became:
    """The first submission stands; a later one is kept beside it where it is whole and other."""
    if pack.whole is None:
        return "late"
    with writing() as database:
        form = parts().forms.of(database, box.wave)
        later = WholeForm(
            id=uuid.uuid5(pack.response_id, box.box),
            answers=pack.whole,
            mode="web",
            language=pack.language,
            day=today(),
        )
        try:
            kept = keep_later(database, parts().keys, form, pack.response_id, later)
        except NoSuchResponseError:
            return "gone"
        except WaveClosedError:
            return "closed"
    return "late" if kept else "known"


def _follow(delivered: Delivered, *, here: bool) -> None:
    """Have the cookie end with the person, or live as long as they are seen to be there."""
    somebody = visitor()
    if somebody is None or somebody.response_id != delivered.response_id:
        return
    if delivered.ends:
        forget()
    elif here:
        touch()


def _count_wrong_box() -> None:
    who, now = f"boxes {client_address()}", dt.datetime.now(dt.UTC)
    with reading() as database:
        refuse_if_guessing(database, who, now, most=WRONG_BOXES_AN_HOUR)
    with writing() as database:
        note_wrong_try(database, who, now)
