"""Sheets come back: typed or read with the phone's camera, one after another, into a batch."""

from __future__ import annotations

import datetime as dt

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from survey import sheet_states
from survey.batches import BatchNameError, batch_named, takes_sheets
from survey.fieldwork import seen_codes
from survey.fieldwork.own_studies import own_studies
from survey.models import Batch, Wave
from survey.receiving import (
    AlreadyBackError,
    FixedBatchError,
    KeyedTwiceError,
    OtherWaveError,
    SettledSheetError,
    receive,
)
from survey.scanning.seen import reads_codes
from survey.sheet_states import Event, SheetError, find_sheet
from survey.staff import me, needs_role
from survey.web import reading, writing

# Each failure's message is receiving.<name>.
FAILURES: dict[type[SheetError], tuple[str, int]] = {
    sheet_states.MistypedSerialError: ("mistyped", 400),
    sheet_states.UnknownSheetError: ("unknown", 404),
    sheet_states.OtherStudyError: ("other_study", 403),
    sheet_states.VoidSheetError: ("void", 410),
    sheet_states.WaveNotKeyedError: ("wave", 409),
    AlreadyBackError: ("already", 409),
    OtherWaveError: ("other_wave", 409),
    FixedBatchError: ("fixed", 409),
    SettledSheetError: ("settled", 409),
    KeyedTwiceError: ("keyed_twice", 409),
}
_MOST_TOLD = 30
_RECEIVED, _BATCH = "received", "receiving_into"


def register(blueprint: Blueprint) -> None:
    """Put the page among those of the paper desk."""
    blueprint.add_url_rule("/receive", "receive", page)
    blueprint.add_url_rule("/receive", "take", take, methods=["POST"])
    seen_codes.register(blueprint)


@needs_role("fieldworker", "coordinator")
def page() -> Response:
    """Where serials are typed."""
    return _page()


@needs_role("fieldworker", "coordinator")
def take() -> ResponseReturnValue:
    """Note one sheet as returned; the next can be typed at once."""
    typed, name = request.form.get("serial", "")[:60], request.form.get("name", "")[:100]
    serial = _in_code(typed)
    try:
        with writing() as database:
            sheet = find_sheet(database, serial, own_studies())
            batch = _batch(database, sheet.batch.wave, name)
            if batch is None:
                return _page("no_batch", typed, status=422)
            receive(
                database,
                serial,
                own_studies(),
                batch,
                actor=me().name,
                at=dt.datetime.now(dt.UTC),
            )
            session[_BATCH] = batch.id
            session[_RECEIVED] = [
                [sheet.serial, batch.name],
                *session.get(_RECEIVED, []),
            ][:_MOST_TOLD]
    except BatchNameError:
        return _page("no_batch", typed, status=422)
    except SheetError as failure:
        problem, status = FAILURES[type(failure)]
        before = failure.before if isinstance(failure, AlreadyBackError) else None
        return _page(problem, typed, failure.serial, before, status=status)
    return redirect(url_for("paper.receive"), 303)


def _in_code(typed: str) -> str:
    """The serial in a sheet's QR code, or what was typed."""
    parts = typed.strip().split(":")
    return parts[1] if len(parts) == 4 and parts[0] == "BP" else typed


def _batch(database: Session, wave: Wave, name: str) -> Batch | None:
    """The batch that was chosen, or a new one of the sheet's wave where a name was written."""
    if name.strip():
        return batch_named(database, wave, name)
    batch = database.get(Batch, request.form.get("batch", 0, type=int))
    return batch if batch is not None and batch.wave.study_id in own_studies() else None


def _page(
    problem: str = "",
    typed: str = "",
    serial: str = "",
    before: Event | None = None,
    status: int = 200,
) -> Response:
    with reading() as database:
        batches = _open_batches(database)
    answer = make_response(
        render_template(
            "fieldwork/receive.html",
            batches=batches,
            chosen=request.form.get("batch", session.get(_BATCH, 0), type=int)
            if request.form
            else session.get(_BATCH, 0),
            name=request.form.get("name", "") if problem else "",
            problem=problem,
            typed=typed,
            serial=serial or typed,
            before=before,
            received=session.get(_RECEIVED, []),
            reads_codes=reads_codes(),
        ),
        status,
    )
    # The one page that may ask for the camera, to read the code on a sheet.
    answer.headers["Permissions-Policy"] = (
        "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"
    )
    return answer


def _open_batches(database: Session) -> list[Batch]:
    rows = database.scalars(
        select(Batch)
        .join(Wave)
        .where(Wave.study_id.in_(own_studies()), Wave.status.in_(("open", "closed")))
        .options(joinedload(Batch.wave).joinedload(Wave.study))
        .order_by(Wave.study_id, Wave.number.desc(), Batch.name)
    )
    return [one for one in rows if takes_sheets(database, one)]
