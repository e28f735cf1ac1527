"""The paper desk: how far each batch is, what is missing, and what became of one sheet."""

from __future__ import annotations

import csv
import datetime as dt
import io

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from werkzeug.wrappers import Response

from survey import receiving
from survey.batches import takes_sheets
from survey.fieldwork import batch_page, quality_page, receiving_page
from survey.fieldwork.own_studies import coordinated, own_studies, own_wave
from survey.models import Batch, Sheet, Wave
from survey.models.paper import STATES
from survey.printing.runs import runs
from survey.receiving import NoSuchRunError, batch_lines, missing, send_run
from survey.sheet_states import Event, SheetError, find_sheet, story
from survey.staff import MissingRoleError, me, needs_role
from survey.web import reading, writing

blueprint = Blueprint("paper", __name__, url_prefix="/paper")
receiving_page.register(blueprint)
batch_page.register(blueprint)
quality_page.register(blueprint)

# As many as somebody reads on a page; the file holds all.
_MOST_LISTED = 200
_LONGEST_REASON = 200
_NOTES = {
    "run ": "run",
    receiving.SCAN: "scan",
    "batch accepted": "accepted",
    "answers withdrawn": "withdrawn",
}


@blueprint.get("/")
@needs_role("fieldworker", "coordinator")
def start() -> str:
    """Every wave that has sheets, its batches, and where its sheets are."""
    with reading() as database:
        waves = [
            (wave, lines, _sum(lines))
            for wave in _waves(database)
            if (lines := batch_lines(database, wave))
        ]
    return render_template("fieldwork/paper.html", waves=waves, states=STATES)


@blueprint.get("/waves/<int:wave_id>/missing")
@needs_role("fieldworker", "coordinator")
def missing_sheets(wave_id: int) -> str:
    """The sheets that have not reached the dataset."""
    batch_id = request.args.get("batch", type=int)
    with reading() as database:
        wave = own_wave(database, wave_id)
        rows = missing(database, wave, batch_id=batch_id)
        batches = [(one.id, one.name) for one in batch_lines(database, wave)]
    return render_template(
        "fieldwork/missing.html",
        wave=wave,
        rows=rows[:_MOST_LISTED],
        total=len(rows),
        batches=batches,
        batch_id=batch_id,
    )


@blueprint.get("/waves/<int:wave_id>/missing.csv")
@needs_role("fieldworker", "coordinator")
def missing_csv(wave_id: int) -> Response:
    """All of them as a file."""
    with reading() as database:
        wave = own_wave(database, wave_id)
        rows = missing(database, wave)
        name = f"{wave.study.key}_wave{wave.number}_missing_sheets.csv"
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["serial", "batch", "area", "state", "since_utc", "by"])
    for one in rows:
        since = f"{one.since:%Y-%m-%d %H:%M}" if one.since else ""
        writer.writerow([one.serial, one.batch, one.area, one.state, since, one.actor])
    answer = Response(file.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@blueprint.get("/sheets/<serial>")
@needs_role("fieldworker", "coordinator")
def sheet(serial: str) -> tuple[str, int] | str:
    """What became of one sheet, by whom and when."""
    try:
        with reading() as database:
            found = find_sheet(database, serial, own_studies())
            moves = receiving.may_be_moved(found)
            return render_template(
                "fieldwork/sheet_story.html",
                sheet=found,
                events=[(one, _note(one)) for one in story(database, found)],
                others=_other_batches(database, found) if moves else [],
                told=session.pop("sheet_told", ""),
                coordinates=found.batch.wave.study_id in coordinated(),
                may_take_out=found.batch.wave.study_id in coordinated()
                and found.state not in (*receiving.ENDED, "keyed_twice"),
            )
    except SheetError as failure:
        return _refused(failure, serial)


@blueprint.post("/sheets/<serial>/batch")
@needs_role("fieldworker", "coordinator")
def move(serial: str) -> Response | tuple[str, int]:
    """Lay a sheet into another batch of its wave."""
    try:
        with writing() as database:
            batch = database.get(Batch, request.form.get("batch", 0, type=int))
            if batch is None or batch.wave.study_id not in own_studies():
                abort(404)
            now = dt.datetime.now(dt.UTC)
            receiving.lay_into(database, serial, own_studies(), batch, actor=me().name, at=now)
            session["sheet_told"] = "moved"
    except SheetError as failure:
        return _refused(failure, serial)
    return redirect(url_for("paper.sheet", serial=serial), 303)


@blueprint.post("/sheets/<serial>/take-out")
@needs_role("coordinator")
def take_out(serial: str) -> Response | tuple[str, int]:
    """Take a sheet out of use; why is asked, and stands in its story."""
    reason = " ".join(request.form.get("reason", "").split())[:_LONGEST_REASON]
    if not reason or "sure" not in request.form:
        session["sheet_told"] = "not_sure"
        return redirect(url_for("paper.sheet", serial=serial), 303)
    try:
        with writing() as database:
            receiving.take_out(
                database,
                serial,
                coordinated(),
                reason,
                actor=me().name,
                at=dt.datetime.now(dt.UTC),
            )
    except SheetError as failure:
        return _refused(failure, serial)
    return redirect(url_for("paper.sheet", serial=serial), 303)


@blueprint.get("/waves/<int:wave_id>/printed")
@needs_role("coordinator")
def printed(wave_id: int) -> str:
    """What was printed for a wave; a run can be told as sent."""
    with reading() as database:
        wave = own_wave(database, wave_id)
        if wave.study_id not in coordinated():
            raise MissingRoleError(("coordinator",))
        found = runs(database, wave)
        went = receiving.went_out(database, wave)
    return render_template(
        "fieldwork/printed.html",
        wave=wave,
        runs=found[::-1],
        went=went,
        sent=session.pop("sent", None),
    )


@blueprint.post("/runs/<int:run_id>/sent")
@needs_role("coordinator")
def sent(run_id: int) -> Response:
    """Note that a run's sheets went out."""
    try:
        with writing() as database:
            count = send_run(
                database, run_id, coordinated(), actor=me().name, at=dt.datetime.now(dt.UTC)
            )
    except NoSuchRunError:
        abort(404)
    session["sent"] = count
    wave_id = request.form.get("wave", 0, type=int)
    return redirect(url_for("paper.printed", wave_id=wave_id), 303)


def _other_batches(database: Session, sheet: Sheet) -> list[Batch]:
    """The batches of a sheet's wave that it can be laid into."""
    rows = select(Batch).where(Batch.wave_id == sheet.batch.wave_id, Batch.id != sheet.batch_id)
    found = database.scalars(rows.order_by(Batch.name))
    return [one for one in found if takes_sheets(database, one)]


def _waves(database: Session) -> list[Wave]:
    rows = select(Wave).where(Wave.study_id.in_(own_studies()), Wave.status != "planned")
    rows = rows.options(joinedload(Wave.study)).order_by(Wave.study_id, Wave.number.desc())
    return list(database.scalars(rows))


def _sum(lines: list[receiving.BatchLine]) -> dict[str, int]:
    return {state: sum(line.states[state] for line in lines) for state in STATES}


def _note(event: Event) -> tuple[str, str] | None:
    """A note of the system's own as a message's key and what it names; None where somebody wrote it."""
    note = event.note
    if event.state == "returned" and note.startswith(receiving.MOVED):
        return "story.note.moved", note.removeprefix(receiving.MOVED)
    for begins, key in _NOTES.items():
        number = note.removeprefix(begins)
        if note.startswith(begins) and (number.isdecimal() or not number):
            return f"story.note.{key}", number
    return None


def _refused(failure: SheetError, typed: str) -> tuple[str, int]:
    problem, status = receiving_page.FAILURES.get(type(failure), ("unknown", 404))
    return render_template("fieldwork/sheet_refused.html", problem=problem, typed=typed), status
