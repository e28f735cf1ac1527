"""The strip of a scanned sheet that shows one question: for whoever decides, or settles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.models import Scan, ScanPage, ScanRules, Sheet, SheetLayout
from survey.scanning.kept_pictures import heads_out_of_sight, strip
from survey.scanning.matching import pages_of
from survey.secrets import Keys


def field_crop(
    session: Session,
    keys: Keys,
    sheet: Sheet,
    column: str,
    *,
    today: dt.date,
    answers_alone: bool = False,
) -> bytes | None:
    """The strip of a sheet that shows one question, as JPEG; None where there is no picture.

    `answers_alone` shows its boxes without the question.

    Nothing is shown from the study's day on, also where it is not deleted yet. Raises
    MissingLibrariesError.
    """
    for page in pages_of(session, sheet):
        layout = session.get_one(SheetLayout, page.layout_id).layout
        boxes = _on_page(layout, column, page)
        if boxes:
            picture = page_picture(session, keys, page, today=today)
            if picture is None:
                return None
            from_right = Locale.parse(layout["language"]).text_direction == "rtl"
            return strip(picture, boxes, answers_alone=answers_alone, from_right=from_right)
    return None


def field_page(session: Session, sheet: Sheet, column: str) -> ScanPage | None:
    """The scanned page on which a question stands."""
    for page in pages_of(session, sheet):
        if _on_page(session.get_one(SheetLayout, page.layout_id).layout, column, page):
            return page
    return None


def _on_page(layout: Mapping[str, Any], column: str, page: ScanPage) -> list[Any]:
    return [box for box in layout["boxes"] if box["column"] == column and box["page"] == page.page]


def page_picture(session: Session, keys: Keys, page: ScanPage, *, today: dt.date) -> bytes | None:
    """The picture kept of a page, as JPEG; None where there is none, or its day has come."""
    if page.sealed_picture is None or not may_be_shown(session, page, today=today):
        return None
    return keys.open_bytes(page.key_id, page.sealed_picture, page.id, table="scan_page.picture")


def may_be_shown(session: Session, page: ScanPage, *, today: dt.date) -> bool:
    """Whether there is a picture of a page, and its day has not come, also where it was not deleted."""
    return page.sealed_picture is not None and not day_over(session, page, today)


def with_pictures(session: Session, sheet: Sheet, *, today: dt.date) -> frozenset[str]:
    """The questions of a sheet of which there is a picture to show."""
    shown: set[str] = set()
    for page in pages_of(session, sheet):
        if may_be_shown(session, page, today=today):
            layout = session.get_one(SheetLayout, page.layout_id).layout
            shown.update(box["column"] for box in layout["boxes"] if box["page"] == page.page)
    return frozenset(shown)


def rows_of_grids(session: Session, sheet: Sheet) -> frozenset[str]:
    """The questions of a scanned sheet whose strip is a grid's row, with answers apart at its far end."""
    found: set[str] = set()
    for page in pages_of(session, sheet):
        layout = session.get_one(SheetLayout, page.layout_id).layout
        for column in {box["column"] for box in layout["boxes"] if box["page"] == page.page}:
            if heads_out_of_sight(_on_page(layout, column, page)):
                found.add(column)
    return frozenset(found)


def day_over(session: Session, page: ScanPage, today: dt.date) -> bool:
    """Whether the day has come from which the page is shown to nobody; so it is where none was said."""
    day = session.scalar(
        select(ScanRules.delete_on)
        .join(Scan, Scan.study_id == ScanRules.study_id)
        .where(Scan.id == page.scan_id)
    )
    return day is None or today >= day
