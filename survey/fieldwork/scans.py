"""Scanned sheets at the desk: files added, what became of their pages, and the strip of one question."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask_wtf.csrf import validate_csrf
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response
from wtforms import ValidationError

from survey.access import studies_as
from survey.fieldwork.crops import show_crops_by
from survey.jobs import order_job
from survey.models import Scan, ScanPage, Sheet, Study
from survey.scanning.crops import field_crop, page_picture, with_pictures
from survey.scanning.deciding import open_sheets
from survey.scanning.files import ScanError, Upload, receive, scans_of
from survey.sheet_states import SheetError, find_sheet
from survey.staff import me, needs_role
from survey.web import parts, reading, today, words, writing

blueprint = Blueprint("scans", __name__, url_prefix="/scans")

LARGEST_UPLOAD = 100 * 1024 * 1024
_MOST_FILES = 200
_KEPT_HOURS = 24


@blueprint.get("/")
@needs_role("fieldworker")
def start() -> str:
    """Add files; see what waits, what lacks pages, and what became of each file."""
    return _start_page()


@blueprint.post("/")
@needs_role("fieldworker")
def upload() -> Response | tuple[str, int]:
    """Take files in sealed, and order that they be read."""
    request.max_content_length = LARGEST_UPLOAD
    request.max_form_parts = _MOST_FILES + 10
    try:
        validate_csrf(request.form.get("csrf_token", ""))
    except RequestEntityTooLarge:
        too_big = words().plain("scans.error.too_big", most=LARGEST_UPLOAD // 1024**2)
        return _start_page([too_big]), 413
    except ValidationError:
        abort(400)
    files = [file for file in request.files.getlist("files") if file.filename]
    problems = [] if files else [words().plain("scans.error.none")]
    taken = 0
    for file in files:
        try:
            _take_in(file)
            taken += 1
        except ScanError as failure:
            problems.append(_said(failure))
    if problems:
        return _start_page(problems, taken), 422
    session["scans_taken"] = taken
    return redirect(url_for("scans.start"))


@blueprint.get("/<int:scan_id>")
@needs_role("fieldworker")
def one_file(scan_id: int) -> str:
    """What became of each page of a file."""
    with reading() as database:
        scan = database.get(Scan, scan_id)
        if scan is None or scan.study_id not in studies():
            abort(404)
        return render_template("fieldwork/scan_file.html", scan=scan, pages=list(scan.pages))


@blueprint.get("/page/<uuid:page_id>.jpg")
@needs_role("fieldworker")
def picture(page_id: uuid.UUID) -> Response:
    """The picture kept of a page."""
    with reading() as database:
        page = database.get(ScanPage, page_id)
        if page is None or page.scan.study_id not in studies():
            abort(404)
        return _jpeg(page_picture(database, parts().keys, page, today=today()))


@blueprint.get("/sheet/<serial>/<column>.jpg")
@needs_role("fieldworker")
def crop(serial: str, column: str) -> Response:
    """The strip of a sheet that shows one question."""
    try:
        with reading() as database:
            sheet = find_sheet(database, serial, studies())
            return _jpeg(field_crop(database, parts().keys, sheet, column, today=today()))
    except SheetError:
        abort(404)


@show_crops_by
def crops_on_scans(database: Session, sheet: Sheet, columns: Collection[str]) -> dict[str, str]:
    """Where the strips of these questions are, of a sheet that was scanned."""
    there = with_pictures(database, sheet, today=today())
    return {
        column: url_for("scans.crop", serial=sheet.serial, column=column)
        for column in columns
        if column in there
    }


def _jpeg(found: bytes | None) -> Response:
    if found is None:
        abort(404)
    answer = Response(found, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _take_in(file: FileStorage) -> None:
    with writing() as database:
        study = _study(database)
        now = dt.datetime.now(dt.UTC)
        name = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1][:200]
        scan = receive(
            database, parts().keys, study, Upload(name, file.read()), actor=me().name, now=now
        )
        order_job(
            database,
            "scan",
            study_id=study.id,
            role="fieldworker",
            actor=me().name,
            wanted={"scan": scan.id},
            keeps_hours=_KEPT_HOURS,
        )


def _study(database: Session) -> Study:
    """The study that the files are of: the one chosen, or the only one there is."""
    chosen = request.form.get("study", type=int)
    mine = sorted(studies())
    number = chosen if chosen is not None else mine[0]
    if number not in mine:
        abort(404)
    return database.get_one(Study, number)


def _start_page(problems: list[str] | None = None, taken: int = 0) -> str:
    with reading() as database:
        of_mine = database.scalars(
            select(Study).where(Study.id.in_(studies())).order_by(Study.title)
        ).all()
        waiting = open_sheets(database, studies())
        files = [(scan, len(scan.pages)) for scan in scans_of(database, studies())]
    return render_template(
        "fieldwork/scans.html",
        studies=of_mine,
        problems=problems or [],
        taken=taken or session.pop("scans_taken", 0),
        decided=session.pop("scan_decided", ""),
        to_decide=[one for one in waiting if one.whole and one.unsure],
        missing=[one for one in waiting if not one.whole],
        stuck=[one for one in waiting if one.whole and not one.unsure],
        files=files,
        most=LARGEST_UPLOAD // 1024**2,
    )


def _said(failure: ScanError) -> str:
    values = {
        name: words().date(value.date() if isinstance(value, dt.datetime) else value)
        if isinstance(value, dt.date)
        else value
        for name, value in failure.values.items()
    }
    return words().plain(f"scans.error.{failure.key}", **values)


def studies() -> frozenset[int]:
    """Where this person keys."""
    return studies_as(me(), "fieldworker")
