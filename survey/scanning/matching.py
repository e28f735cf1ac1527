"""Which sheet a page belongs to, and what becomes of the sheet once all its pages are read.

What a page says is kept sealed, as answers are. A sheet whose pages are all there and all sure
becomes the scanner's keying at once; one that holds anything unsure waits for a person.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from instruments import NOT_ANSWERED, Form
from survey import paper
from survey.forms import Forms
from survey.models import Keying, PrintedSheet, PrintRun, Scan, ScanPage, Sheet, SheetLayout
from survey.secrets import Keys
from survey.sheet_states import OtherStudyError, SheetError, became, hold_sheet

# Outcomes of which a person may want to see the picture.
_SHOWN = {"read", "kept", "not_found", "several", "not_straight", "twice", "old_version"}


def keep_page(
    session: Session, keys: Keys, scan: Scan, told: Mapping[str, Any], now: dt.datetime
) -> ScanPage:
    """Keep a page of a file as the reader told of it; its sheet has come back with it."""
    sheet, outcome = _matched(session, scan, told)
    row = ScanPage(
        id=uuid.uuid4(),
        scan_id=scan.id,
        number=told["number"],
        outcome=outcome,
        problem=told.get("problem", ""),
        serial=told.get("serial", ""),
        page=told.get("page"),
        layout_id=told.get("layout", ""),
        sheet_id=sheet.id if sheet else None,
        key_id=keys.newest,
    )
    if "picture" in told and outcome in _SHOWN:
        picture = base64.b64decode(told["picture"])
        _, row.sealed_picture = keys.seal_bytes(picture, row.id, table="scan_page.picture")
    if outcome in {"read", "kept"}:
        readings = told["readings"]
        _, row.sealed_readings = keys.seal(
            {"readings": readings}, row.id, table="scan_page.readings"
        )
        row.unsure = sum(one["why"] is not None for one in readings) if outcome == "read" else 0
    session.add(row)
    session.flush()
    if outcome == "read" and sheet is not None and sheet.state in {"printed", "sent"}:
        became(session, sheet, "returned", actor=scan.actor, at=now, note=f"scan {scan.id}")
    return row


def sheets_read(session: Session, scan: Scan) -> list[str]:
    """The serials of the sheets that a file has pages of."""
    read = select(ScanPage.serial).where(ScanPage.scan_id == scan.id, ScanPage.outcome == "read")
    return list(session.scalars(read.distinct().order_by(ScanPage.serial)))


def go_on(
    session: Session, keys: Keys, forms: Forms, serial: str, study_id: int, now: dt.datetime
) -> None:
    """Let a sheet become the scanner's keying where it is whole and sure; else it is listed as open."""
    with suppress(SheetError), session.begin_nested():
        sheet = hold_sheet(session, serial, {study_id})
        keyed = session.scalar(select(exists().where(Keying.sheet_id == sheet.id)))
        if not keyed:
            finish_sheet(session, keys, forms, sheet, now)


def pages_of(session: Session, sheet: Sheet) -> list[ScanPage]:
    """The pages of a sheet that were read, in order."""
    return list(
        session.scalars(
            select(ScanPage)
            .where(ScanPage.sheet_id == sheet.id, ScanPage.outcome.in_(("read", "kept")))
            .order_by(ScanPage.page)
        )
    )


def whole(session: Session, pages: list[ScanPage]) -> bool:
    """Whether every page of the sheet is there, with what it said."""
    if not pages or any(page.sealed_readings is None for page in pages):
        return False
    layout = session.get_one(SheetLayout, pages[0].layout_id)
    return bool(len(pages) == layout.layout["pages"])


def readings_of(keys: Keys, pages: list[ScanPage]) -> list[dict[str, Any]]:
    """What the pages say, field by field; nothing of a page whose day is over."""
    readings: list[dict[str, Any]] = []
    for page in pages:
        if page.sealed_readings is not None:
            opened = keys.open(
                page.key_id, page.sealed_readings, page.id, table="scan_page.readings"
            )
            readings += opened["readings"]
    return readings


def finish_sheet(
    session: Session,
    keys: Keys,
    forms: Forms,
    sheet: Sheet,
    now: dt.datetime,
    *,
    decided: Mapping[str, object] | None = None,
    decided_by: int | None = None,
    text_languages: Mapping[str, str] | None = None,
) -> Keying | None:
    """Let a sheet that is whole and wholly sure become the scanner's keying.

    `decided` are the fields that a person decided. Returns None where anything is still open.
    Raises paper.SheetError, answering.InvalidAnswersError.
    """
    pages = pages_of(session, sheet)
    readings = readings_of(keys, pages)
    unsure = {one["column"] for one in readings if one["why"] is not None}
    decided = decided or {}
    if not whole(session, pages) or unsure - decided.keys():
        return None
    form = forms.of(session, sheet.batch.wave_id)
    values = {one["column"]: one["value"] for one in readings if one["why"] is None}
    values |= {column: decided[column] for column in unsure}
    return paper.save_scanned(
        session,
        keys,
        form,
        sheet.serial,
        {sheet.batch.wave.study_id},
        paper.Pass(
            id=uuid.uuid4(),
            values=_on_the_way(form, values),
            finished=now,
            day=now.date(),
            text_languages=text_languages or {},
        ),
        decided_by=decided_by,
        by_person=sorted(unsure),
    )


def _on_the_way(form: Form, values: Mapping[str, Any]) -> dict[str, object]:
    """Without the blanks that routing passes over: a keyer leaves those out too."""
    closed = form.hidden(values)
    return {
        column: value
        for column, value in values.items()
        if not (column in closed and value == NOT_ANSWERED)
    }


def _matched(session: Session, scan: Scan, told: Mapping[str, Any]) -> tuple[Sheet | None, str]:
    """The sheet of the scan's own study that a page is of, held; and what the page is."""
    outcome: str = told["outcome"]
    if "serial" not in told:
        return None, outcome
    try:
        sheet = hold_sheet(session, told["serial"], {scan.study_id})
    except OtherStudyError:
        return None, "foreign"
    except SheetError:
        return None, "unknown_sheet"
    if sheet.state == "void":
        return sheet, "void"
    if outcome == "unknown_layout" or not _printed_by(session, sheet, told["layout"]):
        return sheet, "old_version"
    if outcome != "read":
        return sheet, outcome
    before = pages_of(session, sheet)
    if any(page.page == told["page"] for page in before):
        return sheet, "twice"
    if any(page.layout_id != told["layout"] for page in before):
        return sheet, "old_version"
    keyed = session.scalar(select(exists().where(Keying.sheet_id == sheet.id)))
    open_ = sheet.batch.wave.status in {"open", "closed"}
    return sheet, "read" if open_ and not keyed else "kept"


def _printed_by(session: Session, sheet: Sheet, layout_id: str) -> bool:
    return bool(
        session.scalar(
            select(
                exists()
                .where(PrintedSheet.sheet_id == sheet.id)
                .where(PrintRun.id == PrintedSheet.print_run_id, PrintRun.layout_id == layout_id)
            )
        )
    )
