"""Print runs: which sheets are printed, for whom, by whom; and all of it or nothing.

A run has three steps, so that nobody's answers wait for a typesetter: its sheets and its row are
kept, the PDFs are set into a folder beside the one asked for, then the folder gets its name in the
transaction that marks the run as finished. A run that broke off leaves sheets which count as not
printed; the next run takes them up.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from instruments import Form
from survey import answering, audit
from survey.database import Database
from survey.languages import Words
from survey.models import (
    Area,
    Batch,
    BlankSheet,
    Invitation,
    PrintedSheet,
    PrintRun,
    Sheet,
    SheetLayout,
    Wave,
)
from survey.printing.content import Asking, sheet_content
from survey.printing.joining import JoinedSheets
from survey.printing.orders import Order, PrintError, ordered_sheets, refuse_order, unprinted
from survey.printing.typesetting import Typesetter
from survey.sheet_states import became
from survey.studies import StudyError, told

_AT_ONCE = 2
MOST_JOINED = 500  # sheets a file, some 130 MB; more make another


@dataclass(frozen=True)
class Printed:
    """What a run made."""

    run: int
    folder: Path
    serials: tuple[str, ...]
    pages: int  # a sheet
    layout: str


@dataclass(frozen=True)
class Run:
    """A line of a wave's list of runs."""

    id: int
    started: dt.datetime
    finished: dt.datetime | None
    actor: str
    language: str
    large: bool
    sheets: int
    invitations: int  # how many of the sheets are for an invitation

    def to_data(self) -> dict[str, Any]:
        return {
            "run": self.id,
            "started": f"{self.started:%Y-%m-%d %H:%M}",
            "finished": f"{self.finished:%Y-%m-%d %H:%M}" if self.finished else None,
            "by": self.actor,
            "language": self.language,
            "large": self.large,
            "sheets": self.sheets,
            "invitations": self.invitations,
        }


@dataclass(frozen=True)
class _Prepared:
    run: int
    sheets: tuple[tuple[str, str, str], ...]  # serial, reference, area
    made: tuple[int, ...]  # rows that this run added
    typesetter: Typesetter


def print_sheets(
    database: Database,
    wave_id: int,
    form: Form,
    words: Words,
    order: Order,
    folder: Path,
    *,
    actor: str,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    pack: Callable[[Path], None] = lambda _folder: None,
) -> Printed:
    """Set the sheets of an order into a new folder, and keep the run. Raises StudyError.

    The folder then holds a PDF a sheet, named by its serial, or where they are ordered joined all in
    `joined-1.pdf`, in the order of the list; `sheets.csv`, which says for whom each is; and the layout
    that scanning reads by. Nothing is left behind where it fails. `pack` is given
    the folder before the run counts as finished: where it fails, nothing was printed.
    """
    _refuse_folder(folder)
    with database.writing() as session:
        prepared = _prepare(session, session.get_one(Wave, wave_id), form, words, order, actor)
    part = folder.with_name(f".{folder.name}.printing-{prepared.run}")
    named = False
    try:
        # It says which sheet is whose: nobody else on the machine reads it.
        part.mkdir(mode=0o700)
        _set(prepared, part, progress, joined=order.joined)
        pack(part)
        with database.writing() as session:
            _finish(session, prepared, order, actor)
            part.rename(folder)
            named = True
    except BaseException as failure:
        shutil.rmtree(folder if named else part, ignore_errors=True)
        with database.writing() as session:
            _forget(session, prepared)
        if isinstance(failure, OSError):
            raise PrintError(
                f"{folder} could not be written: {failure.strerror or failure}. Nothing was "
                "printed or kept. Make room, or choose another folder, and print again.",
                "disk",
                said=failure.strerror or type(failure).__name__,
            ) from None
        raise
    return Printed(
        prepared.run,
        folder,
        tuple(serial for serial, _, _ in prepared.sheets),
        prepared.typesetter.layout["pages"],
        prepared.typesetter.layout_id,
    )


def runs(session: Session, wave: Wave) -> list[Run]:
    """What was printed for a wave, the latest last; one not finished broke off or is under way."""
    rows = session.execute(
        select(PrintRun, SheetLayout, func.count(Sheet.invitation_id))
        .join(SheetLayout, SheetLayout.id == PrintRun.layout_id)
        .join(PrintedSheet, PrintedSheet.print_run_id == PrintRun.id)
        .join(Sheet, Sheet.id == PrintedSheet.sheet_id)
        .where(PrintRun.wave_id == wave.id)
        .group_by(PrintRun.id, SheetLayout.id)
        .order_by(PrintRun.id)
    )
    return [
        Run(
            run.id,
            run.started,
            run.finished,
            run.actor,
            layout.language,
            layout.large,
            run.sheets,
            invitations,
        )
        for run, layout, invitations in rows
    ]


def _refuse_folder(folder: Path) -> None:
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise StudyError(f"{folder} is there already, and not an empty folder. Name a new one.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        probe = folder.with_name(f".{folder.name}.probe")
        probe.touch()
        probe.unlink()
    except OSError as failure:
        raise StudyError(
            f"{folder} cannot be written: {failure.strerror}. Name a folder that you may write."
        ) from None


def _prepare(
    session: Session, wave: Wave, form: Form, words: Words, order: Order, actor: str
) -> _Prepared:
    refuse_order(wave, form, order)
    closes = wave.closes
    year = (closes or wave.opens or dt.datetime.now(dt.UTC).date()).year
    asking = Asking(wave.study.sender, wave.study.contact, wave.legal_basis, closes, year)
    typesetter = Typesetter(sheet_content(form, words, asking, large=order.large))
    before = set(session.scalars(select(Sheet.id).join(Batch).where(Batch.wave_id == wave.id)))
    sheets = ordered_sheets(session, wave, order, actor)
    kept = session.get(SheetLayout, typesetter.layout_id)
    if kept is None:
        session.add(
            SheetLayout(
                id=typesetter.layout_id,
                wave_id=wave.id,
                language=order.language,
                large=order.large,
                layout=typesetter.layout,
            )
        )
        session.flush()
    if session.get(BlankSheet, typesetter.layout_id) is None:
        session.add(BlankSheet(layout_id=typesetter.layout_id, pdf=typesetter.blank()))
        session.flush()
    run = PrintRun(
        wave_id=wave.id,
        layout_id=typesetter.layout_id,
        actor=actor,
        started=dt.datetime.now(dt.UTC),
        finished=None,
        sheets=len(sheets),
    )
    session.add(run)
    session.flush()
    session.add_all(PrintedSheet(print_run_id=run.id, sheet_id=sheet.id) for sheet in sheets)
    session.flush()
    rows = session.execute(
        select(Sheet.serial, Invitation.reference, Area.key)
        .join(PrintedSheet, PrintedSheet.sheet_id == Sheet.id)
        .join(Area, Area.id == Sheet.area_id)
        .outerjoin(Invitation, Invitation.id == Sheet.invitation_id)
        .where(PrintedSheet.print_run_id == run.id)
        .order_by(Sheet.serial)
    )
    return _Prepared(
        run.id,
        tuple((serial, reference or "", area) for serial, reference, area in rows),
        tuple(sheet.id for sheet in sheets if sheet.id not in before),
        typesetter,
    )


def _set(
    prepared: _Prepared, part: Path, progress: Callable[[int, int], None], *, joined: bool
) -> None:
    typesetter, sheets = prepared.typesetter, prepared.sheets
    name = f"layout-{typesetter.layout_id}.json"
    (part / name).write_text(json.dumps(typesetter.layout, indent=1), encoding="utf-8")
    with (part / "sheets.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["serial", "reference", "area"])
        writer.writerows(sheets)

    def one(serial: str) -> None:
        (part / f"{serial}.pdf").write_bytes(typesetter.sheet(serial))

    # The typesetter lets other threads run while it works: no second process is needed.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = [pool.submit(one, serial) for serial, _, _ in sheets]
        try:
            for done, job in enumerate(jobs, 1):
                job.result()
                progress(done, len(jobs))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if joined:
        _join(part, [serial for serial, _, _ in sheets])


def _join(part: Path, serials: Sequence[str]) -> None:
    """Let as few files as may be take the place of a PDF a sheet."""
    for begin in range(0, len(serials), MOST_JOINED):
        with (part / f"joined-{begin // MOST_JOINED + 1}.pdf").open("wb") as file:
            joined = JoinedSheets(file)
            for serial in serials[begin : begin + MOST_JOINED]:
                path = part / f"{serial}.pdf"
                joined.add(serial, path.read_bytes())
                path.unlink()
            joined.close()


def _finish(session: Session, prepared: _Prepared, order: Order, actor: str) -> None:
    run = session.get_one(PrintRun, prepared.run)
    answering.hold_wave(session, run.wave_id)
    serials = [serial for serial, _, _ in prepared.sheets]
    audit.note(
        session,
        actor,
        "sheets printed",
        told(session.get_one(Wave, run.wave_id)),
        run=run.id,
        sheets=len(serials),
        first=serials[0],
        last=serials[-1],
        language=order.language,
        large=order.large,
        again=order.again,
        layout=prepared.typesetter.layout_id,
    )
    sheets = session.scalars(select(Sheet).where(Sheet.serial.in_(serials))).all()
    # Noted first, which lets one writer in at a time: of two runs over the same sheets one is late.
    if len(unprinted(session, sheets, order, others=True)) < len(sheets):
        raise PrintError(
            "Another run printed some of these sheets in the meantime. Nothing of this one was "
            "kept; print again for those that are left.",
            "other_run",
        )
    run.finished = dt.datetime.now(dt.UTC)
    for sheet in sheets:
        sheet.language = order.language
        # Printed again, it is on its way again.
        became(session, sheet, "printed", actor=actor, at=run.finished, note=f"run {run.id}")
    session.flush()


def _forget(session: Session, prepared: _Prepared) -> None:
    """Take back a run that broke off, with the sheets that it had added."""
    session.execute(delete(PrintedSheet).where(PrintedSheet.print_run_id == prepared.run))
    session.execute(delete(PrintRun).where(PrintRun.id == prepared.run))
    # Another run may have taken up a sheet that this one had added.
    taken = select(PrintedSheet.sheet_id)
    session.execute(delete(Sheet).where(Sheet.id.in_(prepared.made), Sheet.id.not_in(taken)))
