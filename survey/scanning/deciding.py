"""What the scanner was not sure of, put to a person: sheet by sheet, with the strip of each question."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from survey.forms import Forms
from survey.models import Batch, Keying, ScanPage, Sheet, SheetLayout, Wave
from survey.scanning.crops import day_over
from survey.scanning.matching import finish_sheet, pages_of, readings_of, whole
from survey.secrets import Keys
from survey.sheet_states import SheetError, find_sheet, hold_sheet, refuse_unkeyable


class NothingToDecideError(SheetError):
    """The sheet is not scanned, not whole, decided before, or keyed by now."""


class StillOpenError(SheetError):
    """Fields of the sheet are neither sure nor decided; nothing was kept."""

    def __init__(self, serial: str, columns: Collection[str]) -> None:
        super().__init__(serial)
        self.columns = frozenset(columns)


@dataclass(frozen=True)
class Scanned:
    """A sheet that was scanned and is not keyed yet."""

    serial: str
    batch: str
    pages: int  # that came
    of: int
    unsure: int  # fields

    @property
    def whole(self) -> bool:
        return self.pages == self.of


def open_sheets(session: Session, studies: Collection[int]) -> list[Scanned]:
    """Scanned sheets that wait: for a page that is missing, or for somebody's decision."""
    rows = session.execute(
        select(
            Sheet, Batch.name, func.min(ScanPage.layout_id), func.count(), func.sum(ScanPage.unsure)
        )
        .join(ScanPage, ScanPage.sheet_id == Sheet.id)
        .join(Batch, Batch.id == Sheet.batch_id)
        .join(Wave, Wave.id == Batch.wave_id)
        .where(ScanPage.outcome == "read", ScanPage.sealed_readings.is_not(None))
        .where(Wave.study_id.in_(studies), Sheet.state != "void")
        .where(~exists().where(Keying.sheet_id == Sheet.id))
        .group_by(Sheet.id, Batch.name)
        .order_by(Sheet.serial)
    ).all()
    layouts = {layout for _, _, layout, _, _ in rows}
    of = {
        layout.id: layout.layout["pages"]
        for layout in session.scalars(select(SheetLayout).where(SheetLayout.id.in_(layouts)))
    }
    return [
        Scanned(sheet.serial, batch, pages, of[layout], unsure)
        for sheet, batch, layout, pages, unsure in rows
    ]


def to_decide(
    session: Session, keys: Keys, typed: str, studies: Collection[int], *, today: dt.date
) -> tuple[Sheet, list[dict[str, Any]]]:
    """A sheet and those of its readings that are not sure; none from the day on when they are gone.

    Raises the SheetErrors.
    """
    sheet = find_sheet(session, typed, studies)
    refuse_unkeyable(sheet)
    pages = [page for page in pages_of(session, sheet) if not day_over(session, page, today)]
    unsure = [one for one in readings_of(keys, pages) if one["why"] is not None]
    keyed = session.scalar(select(exists().where(Keying.sheet_id == sheet.id)))
    if keyed or not unsure or not whole(session, pages):
        raise NothingToDecideError(sheet.serial)
    return sheet, unsure


def decide(
    session: Session,
    keys: Keys,
    forms: Forms,
    typed: str,
    studies: Collection[int],
    decided: Mapping[str, object],
    *,
    decided_by: int,
    text_languages: Mapping[str, str],
    now: dt.datetime,
) -> Keying:
    """Keep what somebody decided, with what the scanner was sure of, as its keying.

    Raises the SheetErrors, StillOpenError among them, answering.InvalidAnswersError.
    """
    hold_sheet(session, typed, studies)
    sheet, unsure = to_decide(session, keys, typed, studies, today=now.date())
    if still_open := {one["column"] for one in unsure} - decided.keys():
        raise StillOpenError(sheet.serial, still_open)
    keying = finish_sheet(
        session,
        keys,
        forms,
        sheet,
        now,
        decided=decided,
        decided_by=decided_by,
        text_languages=text_languages,
    )
    if keying is None:
        raise NothingToDecideError(sheet.serial)
    return keying
