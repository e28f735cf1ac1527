"""Sheets leave the house and come back: sent, received into a batch, taken out of use, missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import answering
from survey.batches import IN_HAND, takes_sheets
from survey.models import (
    Area,
    Batch,
    BatchVerdict,
    PrintedSheet,
    PrintRun,
    Sheet,
    SheetEvent,
    Wave,
)
from survey.models.paper import STATES
from survey.sheet_states import (
    OUT,
    UNKEYED,
    Event,
    SheetError,
    VoidSheetError,
    became,
    hold_sheet,
    refuse_unkeyable,
    story,
)

ENDED = ("settled", "void")
MOVED = "from "  # begins the note of a sheet laid into another batch, and names the one before
SCAN = "scan "  # begins the note of a sheet that a scan has brought back


class AlreadyBackError(SheetError):
    """The sheet came back before; carries when and by whom. Two papers may bear one number."""

    def __init__(self, serial: str, before: Event | None) -> None:
        super().__init__(serial)
        self.before = before


class OtherWaveError(SheetError):
    """The sheet is of another wave than the batch it is laid into."""


class FixedBatchError(SheetError):
    """The batch takes no more sheets: its sample is drawn."""


class SettledSheetError(SheetError):
    """The sheet is a response; taking that back is a withdrawal."""


class KeyedTwiceError(SheetError):
    """The sheet waits to be settled: taken out, the errors found on it would count no more."""


class NoSuchRunError(Exception):
    """No finished print run of one's studies has this number."""


@dataclass(frozen=True)
class BatchLine:
    """How far a batch is: how many of its sheets are in each state."""

    id: int
    name: str
    states: Mapping[str, int]
    verdict: str | None
    drawn: bool
    to_draw: bool  # something of it is here, and its sample is still to be drawn

    @property
    def sheets(self) -> int:
        """All but those out of use."""
        return sum(count for state, count in self.states.items() if state != "void")

    @property
    def keyed(self) -> int:
        return sum(self.states[one] for one in ("keyed_once", "keyed_twice", "settled"))


@dataclass(frozen=True)
class WentOut:
    """When a print run's sheets went out."""

    at: dt.datetime | None  # the last time that some did
    actor: str
    left: int  # printed, and neither sent nor back


@dataclass(frozen=True)
class Missing:
    """A sheet that has not reached the dataset, and where it was seen last."""

    serial: str
    batch: str
    area: str
    state: str
    since: dt.datetime | None
    actor: str


def receive(
    session: Session,
    typed: str,
    studies: Collection[int],
    batch: Batch,
    *,
    actor: str,
    at: dt.datetime,
) -> Sheet:
    """Note that a sheet came back, and lay it into a batch. Raises SheetErrors.

    One that was scanned first, and is not keyed, is told as back by the scan and lies in the batch it
    was printed in: it can still be laid into another, once.
    """
    sheet = hold_sheet(session, typed, studies, batch)
    refuse_unkeyable(sheet)
    told = [one for one in story(session, sheet) if one.state not in OUT]
    if sheet.state not in OUT and not _only_scanned(sheet, told):
        raise AlreadyBackError(sheet.serial, told[0] if told else None)
    if batch.wave_id != sheet.batch.wave_id:
        raise OtherWaveError(sheet.serial)
    if batch.id != sheet.batch_id:
        if not takes_sheets(session, batch) or sheet.second_keying is not None:
            raise FixedBatchError(sheet.serial)
        sheet.batch = batch
        sheet.second_keying = None
    became(session, sheet, "returned", actor=actor, at=at)
    session.flush()
    return sheet


def _only_scanned(sheet: Sheet, told: Collection[Event]) -> bool:
    """Whether a sheet is known to be back by scans alone."""
    return sheet.state == "returned" and all(one.note.startswith(SCAN) for one in told)


def send_run(
    session: Session, run_id: int, studies: Collection[int], *, actor: str, at: dt.datetime
) -> int:
    """Note that the sheets of a print run went out; returns how many. Raises NoSuchRunError.

    Those that are sent already, or back again, are left alone.
    """
    run = session.get(PrintRun, run_id)
    wave = session.get(Wave, run.wave_id) if run else None
    if run is None or wave is None or run.finished is None or wave.study_id not in studies:
        raise NoSuchRunError
    answering.hold_wave(session, wave.id)
    sheets = session.scalars(
        select(Sheet)
        .join(PrintedSheet, PrintedSheet.sheet_id == Sheet.id)
        .where(PrintedSheet.print_run_id == run_id, Sheet.state == "printed")
        .order_by(Sheet.id)
        .with_for_update(of=Sheet)
    ).all()
    for sheet in sheets:
        became(session, sheet, "sent", actor=actor, at=at, note=f"run {run_id}")
    return len(sheets)


def went_out(session: Session, wave: Wave) -> dict[int, WentOut]:
    """Of each print run of a wave, when its sheets went out and how many still can."""
    left = session.execute(
        select(PrintRun.id, func.count(Sheet.id))
        .outerjoin(PrintedSheet, PrintedSheet.print_run_id == PrintRun.id)
        .outerjoin(Sheet, (Sheet.id == PrintedSheet.sheet_id) & (Sheet.state == "printed"))
        .where(PrintRun.wave_id == wave.id)
        .group_by(PrintRun.id)
    )
    found = {run: WentOut(None, "", count) for run, count in left}
    for run, out in found.items():
        sent = session.execute(
            select(SheetEvent.at, SheetEvent.actor)
            .where(SheetEvent.state == "sent", SheetEvent.note == f"run {run}")
            .order_by(SheetEvent.id.desc())
            .limit(1)
        ).first()
        if sent is not None:
            found[run] = WentOut(sent.at, sent.actor, out.left)
    return found


def lay_into(
    session: Session,
    typed: str,
    studies: Collection[int],
    batch: Batch,
    *,
    actor: str,
    at: dt.datetime,
) -> Sheet:
    """Lay a sheet that came back into another batch, while it is not keyed and in no sample.

    Raises SheetErrors.
    """
    sheet = hold_sheet(session, typed, studies, batch)
    refuse_unkeyable(sheet)
    if batch.wave_id != sheet.batch.wave_id:
        raise OtherWaveError(sheet.serial)
    if not may_be_moved(sheet) or not takes_sheets(session, batch):
        raise FixedBatchError(sheet.serial)
    if batch.id != sheet.batch_id:
        before, sheet.batch = sheet.batch.name, batch
        became(session, sheet, "returned", actor=actor, at=at, note=f"{MOVED}{before}")
        session.flush()
    return sheet


def may_be_moved(sheet: Sheet) -> bool:
    """Whether a sheet that came back still waits for its first keying, outside any sample."""
    return sheet.state == "returned" and sheet.second_keying is None


def take_out(
    session: Session,
    typed: str,
    studies: Collection[int],
    reason: str,
    *,
    actor: str,
    at: dt.datetime,
) -> Sheet:
    """Take a sheet out of use, and remember why. What was keyed of it stays. Raises SheetErrors.

    A sheet keyed twice is settled first: what is found on it must not vanish from its keyer's rate.
    """
    sheet = hold_sheet(session, typed, studies)
    if sheet.state == "void":
        raise VoidSheetError(sheet.serial)
    if sheet.state == "settled":
        raise SettledSheetError(sheet.serial)
    if sheet.state == "keyed_twice":
        raise KeyedTwiceError(sheet.serial)
    became(session, sheet, "void", actor=actor, at=at, note=reason)
    session.flush()
    return sheet


def batch_lines(session: Session, wave: Wave) -> list[BatchLine]:
    """Every batch of a wave with its sheets counted by state, by name."""
    counted = session.execute(
        select(Sheet.batch_id, Sheet.state, func.count())
        .join(Batch)
        .where(Batch.wave_id == wave.id)
        .group_by(Sheet.batch_id, Sheet.state)
    )
    states: dict[int, dict[str, int]] = {}
    for batch_id, state, count in counted:
        states.setdefault(batch_id, dict.fromkeys(STATES, 0))[state] = count
    rows = session.execute(
        select(Batch, BatchVerdict.verdict)
        .outerjoin(BatchVerdict, BatchVerdict.batch_id == Batch.id)
        .where(Batch.wave_id == wave.id)
        .order_by(Batch.name)
    )
    return [
        BatchLine(
            batch.id,
            batch.name,
            states.get(batch.id, dict.fromkeys(STATES, 0)),
            verdict,
            batch.drawn is not None,
            batch.to_draw and any(states.get(batch.id, {}).get(one) for one in IN_HAND),
        )
        for batch, verdict in rows
    ]


def missing(
    session: Session, wave: Wave, *, batch_id: int | None = None, most: int | None = None
) -> list[Missing]:
    """Sheets that are neither settled nor void, the earliest state first, then by serial."""
    last = (
        select(func.max(SheetEvent.id))
        .where(SheetEvent.sheet_id == Sheet.id)
        .correlate(Sheet)
        .scalar_subquery()
    )
    wanted = (
        select(Sheet, Batch.name, Area.key, SheetEvent)
        .join(Batch, Batch.id == Sheet.batch_id)
        .join(Area, Area.id == Sheet.area_id)
        .outerjoin(SheetEvent, SheetEvent.id == last)
        .where(Batch.wave_id == wave.id, Sheet.state.not_in(ENDED))
    )
    if batch_id is not None:
        wanted = wanted.where(Batch.id == batch_id)
    rows = [
        Missing(
            sheet.serial,
            batch,
            area,
            sheet.state,
            event.at if event else None,
            event.actor if event else "",
        )
        for sheet, batch, area, event in session.execute(wanted)
    ]
    rows.sort(key=lambda one: (STATES.index(one.state), len(one.serial), one.serial))
    return rows[:most]


def unkeyed(session: Session, batch: Batch) -> list[str]:
    """The serials of a batch that came back and are not keyed, or that nobody has seen yet."""
    rows = session.scalars(
        select(Sheet.serial)
        .where(Sheet.batch_id == batch.id, Sheet.state.in_(UNKEYED))
        .order_by(func.length(Sheet.serial), Sheet.serial)
    )
    return list(rows)
