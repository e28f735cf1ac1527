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
from survey.fieldwork.crops import Crop, show_crops_by
from survey.models import Scan, ScanPage, ScanRules, Sheet, Study
from survey.scanning.crops import (
    field_crop,
    field_page,
    may_be_shown,
    page_picture,
    rows_of_grids,
    with_pictures,
)
from survey.scanning.deciding import open_sheets
from survey.scanning.files import ScanError, Upload, look_at, pile, receive, scans_of
from survey.scans_work import being_read, order_reading
from survey.sheet_states import SheetError, find_sheet
from survey.staff import me, needs_role
from survey.web import parts, reading, today, words, writing

blueprint = Blueprint("scans", __name__, url_prefix="/scans")

LARGEST_UPLOAD = 100 * 1024 * 1024
_MOST_FILES = 200


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
    files = [
        Upload(_name(file), file.read()) for file in request.files.getlist("files") if file.filename
    ]
    session["scans_study"] = request.form.get(
        "study", type=int
    )  # the next pile is mostly of it too
    problems = [] if files else [words().plain("scans.error.none")]
    uploads, refused = pile(files)
    taken = []
    for one in uploads:
        try:
            taken.append(_take_in(one))
        except ScanError as failure:
            refused.append(failure)
    problems += [_said(failure) for failure in refused]
    if problems:
        return _start_page(problems, taken), 422
    session["scans_taken"] = taken
    return redirect(url_for("scans.start"))


@blueprint.post("/<int:scan_id>")
@needs_role("fieldworker")
def again(scan_id: int) -> Response:
    """Order that a file be read whose reading broke off."""
    with writing() as database:
        scan = database.get(Scan, scan_id)
        if scan is None or scan.study_id not in studies():
            abort(404)
        if scan.state == "waiting":
            order_reading(database, scan, actor=me().name)
    return redirect(url_for("scans.one_file", scan_id=scan_id))


@blueprint.post("/<int:scan_id>/looked-at")
@needs_role("fieldworker")
def looked_at(scan_id: int) -> Response:
    """Note that what a file holds that is no sheet has been looked at."""
    with writing() as database:
        scan = database.get(Scan, scan_id)
        if scan is None or scan.study_id not in studies():
            abort(404)
        look_at(scan, actor=me().name, now=dt.datetime.now(dt.UTC))
    return redirect(url_for("scans.start", _anchor="came-in"), 303)


@blueprint.get("/<int:scan_id>")
@needs_role("fieldworker")
def one_file(scan_id: int) -> str:
    """What became of each page of a file."""
    with reading() as database:
        scan = database.get(Scan, scan_id)
        if scan is None or scan.study_id not in studies():
            abort(404)
        shown = {page.id for page in scan.pages if may_be_shown(database, page, today=today())}
        rules = database.get(ScanRules, scan.study_id)
        # A page that was not taken names its sheet too, and that waits for nothing in this file.
        its = {page.serial for page in scan.pages if page.outcome == "read"}
        open_ = [one for one in open_sheets(database, studies()) if one.whole and one.unsure]
        return render_template(
            "fieldwork/scan_file.html",
            scan=scan,
            waiting=[one.serial for one in open_ if one.serial in its],
            over=rules.delete_on if rules and rules.delete_on <= today() else None,
            pages=list(scan.pages),
            to_look_at=scan.looked_at is None and (scan.state == "failed" or _aside(scan) > 0),
            shown=shown,
            broke_off=scan.state == "waiting"
            and scan.id not in being_read(database, scan.study_id),
        )


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
    """The strip of a sheet that shows one question; its answers alone for a narrow screen, or its page."""
    try:
        with reading() as database:
            sheet = find_sheet(database, serial, studies())
            if "page" in request.args:
                page = field_page(database, sheet, column)
                there = page and page_picture(database, parts().keys, page, today=today())
                return _jpeg(there or None)
            alone = "answers" in request.args
            found = field_crop(
                database, parts().keys, sheet, column, today=today(), answers_alone=alone
            )
            return _jpeg(found)
    except SheetError:
        abort(404)


@show_crops_by
def crops_on_scans(database: Session, sheet: Sheet, columns: Collection[str]) -> dict[str, Crop]:
    """Where the strips of these questions are, of a sheet that was scanned."""
    there = with_pictures(database, sheet, today=today())
    rows = rows_of_grids(database, sheet)
    return {
        column: Crop(url_for("scans.crop", serial=sheet.serial, column=column), column in rows)
        for column in columns
        if column in there
    }


def _jpeg(found: bytes | None) -> Response:
    if found is None:
        abort(404)
    answer = Response(found, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _name(file: FileStorage) -> str:
    return (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1][:200]


def _take_in(upload: Upload) -> int:
    """Keep a file and order that it be read; its number."""
    with writing() as database:
        study = _study(database)
        now = dt.datetime.now(dt.UTC)
        scan = receive(database, parts().keys, study, upload, actor=me().name, now=now)
        if not order_reading(database, scan, actor=me().name):
            raise ScanError("same_file", name=upload.name, before=scan.id, at=scan.at)
        return scan.id


def _study(database: Session) -> Study:
    """The study that the files are of: the one chosen, or the only one there is."""
    chosen = request.form.get("study", type=int)
    mine = sorted(studies())
    number = chosen if chosen is not None else mine[0]
    if number not in mine:
        abort(404)
    return database.get_one(Study, number)


def _start_page(problems: list[str] | None = None, taken: list[int] | None = None) -> str:
    with reading() as database:
        of_mine = database.scalars(
            select(Study).where(Study.id.in_(studies())).order_by(Study.title)
        ).all()
        waiting = open_sheets(database, studies())
        files = [(scan, len(scan.pages), _aside(scan)) for scan in scans_of(database, studies())]
        read = frozenset().union(*(being_read(database, study) for study in studies()))
        days = database.scalars(select(ScanRules).where(ScanRules.study_id.in_(studies())))
        over = {one.study_id: one.delete_on for one in days if one.delete_on <= today()}
    return render_template(
        "fieldwork/scans.html",
        studies=of_mine,
        chosen=session.get("scans_study"),
        problems=problems or [],
        taken=taken or session.pop("scans_taken", []),
        decided=session.pop("scan_decided", ""),
        to_decide=[one for one in waiting if one.whole and one.unsure],
        missing=[one for one in waiting if not one.whole],
        stuck=[one for one in waiting if one.whole and not one.unsure],
        files=files,
        over=over,
        broke_off={
            scan.id for scan, _, _ in files if scan.state == "waiting" and scan.id not in read
        },
        reading=bool(read),
        most=LARGEST_UPLOAD // 1024**2,
    )


def _aside(scan: Scan) -> int:
    """How many pages of a file somebody has to do something about, or see why they were not taken."""
    return sum(page.outcome not in {"read", "kept", "blank", "void"} for page in scan.pages)


def _said(failure: ScanError) -> str:
    values = {
        name: words().date(value.date() if isinstance(value, dt.datetime) else value)
        if isinstance(value, dt.date)
        else value
        for name, value in failure.values.items()
    }
    if failure.key == "file":
        values["problem"] = words().plain(f"scans.file.{values['problem']}")
    return words().plain(f"scans.error.{failure.key}", **values)


def studies() -> frozenset[int]:
    """Where this person keys."""
    return studies_as(me(), "fieldworker")
