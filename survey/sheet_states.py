"""Sheets on their way: printed, sent, returned, keyed, settled, void; each with who and when.

A sheet's state is a column, and every change of it a row that the database lets nobody alter: the
column says where a sheet is, the rows how it came there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import holding
from survey.models import Batch, Sheet, SheetEvent
from survey.serials import could_be_serial, normalise_serial

OUT = ("printed", "sent")
UNKEYED = (*OUT, "returned")
SCANNER = "scanner"


class SheetError(Exception):
    """A sheet that this cannot be done with now; nothing was stored."""

    def __init__(self, serial: str) -> None:
        super().__init__(serial)
        self.serial = serial


class MistypedSerialError(SheetError):
    """Not a serial: something else than digits, or the check digit does not agree."""


class UnknownSheetError(SheetError):
    """A serial that could be one, of a sheet that was never printed."""


class OtherStudyError(SheetError):
    """The sheet belongs to a study in which this person does nothing."""


class VoidSheetError(SheetError):
    """The sheet was taken out of use."""


class WaveNotKeyedError(SheetError):
    """The sheet's wave is not open yet, or already frozen."""


@dataclass(frozen=True)
class Event:
    """A line of a sheet's story."""

    state: str
    at: dt.datetime
    actor: str
    note: str


def find_sheet(session: Session, typed: str, studies: Collection[int]) -> Sheet:
    """The sheet of a serial, whatever its state. Raises SheetErrors."""
    serial = normalise_serial(typed)
    if not could_be_serial(serial):
        raise MistypedSerialError(serial)
    sheet = session.scalars(select(Sheet).where(Sheet.serial == serial)).first()
    if sheet is None:
        raise UnknownSheetError(serial)
    if sheet.batch.wave.study_id not in studies:
        raise OtherStudyError(serial)
    return sheet


def hold_sheet(
    session: Session, typed: str, studies: Collection[int], into: Batch | None = None
) -> Sheet:
    """The sheet as it stands now, and held so until this transaction ends. Raises SheetErrors.

    Its wave and its batch are held with it, and the batch that it shall be laid `into`.
    """
    serial = normalise_serial(typed)
    if could_be_serial(serial):
        holding.hold_sheet(session, serial, into)
    return find_sheet(session, serial, studies)


def refuse_unkeyable(sheet: Sheet) -> None:
    """Raise the SheetError of a sheet that takes no more paper: void, or of a wave that is over."""
    if sheet.state == "void":
        raise VoidSheetError(sheet.serial)
    if sheet.batch.wave.status not in {"open", "closed"}:
        raise WaveNotKeyedError(sheet.serial)


def became(
    session: Session, sheet: Sheet, state: str, *, actor: str, at: dt.datetime, note: str = ""
) -> None:
    """Set a sheet's state, and remember by whom and when."""
    sheet.state = state
    session.add(SheetEvent(sheet_id=sheet.id, state=state, at=at, actor=actor, note=note))


def story(session: Session, sheet: Sheet) -> list[Event]:
    """What became of a sheet, the first first."""
    rows = session.scalars(
        select(SheetEvent).where(SheetEvent.sheet_id == sheet.id).order_by(SheetEvent.id)
    )
    return [Event(row.state, row.at, row.actor, row.note) for row in rows]
