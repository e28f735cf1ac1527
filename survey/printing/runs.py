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
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from instruments import Form
from survey import audit
from survey.database import Database
from survey.languages import Words
from survey.models import (
    Area,
    Batch,
    Invitation,
    PrintedSheet,
    PrintRun,
    Response,
    Sheet,
    SheetLayout,
    Wave,
)
from survey.printing.content import Asking, sheet_content
from survey.printing.typesetting import Typesetter
from survey.sheet_stock import MOST_AT_ONCE, add_sheets, next_serials
from survey.studies import StudyError, told

SENT = "Udsendt"  # the pile of sheets that went out with letters, until they come back
_AT_ONCE = 2


@dataclass(frozen=True)
class Order:
    """What is to be printed: exactly one of invitations, stock, batch and serials."""

    language: str = "da"
    large: bool = False
    invitations: bool = False
    area: str | None = None  # of invitations: only these; of stock: where it belongs
    stock: int | None = None
    batch: str | None = None  # alone: what is in it and not printed; else where new sheets go
    serials: tuple[str, ...] = ()
    again: bool = False


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
) -> Printed:
    """Set the sheets of an order into a new folder, and keep the run. Raises StudyError.

    The folder then holds a PDF a sheet, named by its serial; `sheets.csv`, which says for whom each
    is; and the layout that scanning reads by. Nothing is left behind where it fails.
    """
    _refuse_folder(folder)
    with database.writing() as session:
        prepared = _prepare(session, session.get_one(Wave, wave_id), form, words, order, actor)
    part = folder.with_name(f".{folder.name}.printing-{prepared.run}")
    named = False
    try:
        part.mkdir(parents=True)
        _set(prepared, part, progress)
        with database.writing() as session:
            _finish(session, prepared, order, actor)
            part.rename(folder)
            named = True
    except BaseException as failure:
        shutil.rmtree(folder if named else part, ignore_errors=True)
        with database.writing() as session:
            _forget(session, prepared)
        if isinstance(failure, OSError):
            raise StudyError(
                f"{folder} could not be written: {failure.strerror or failure}. Nothing was "
                "printed or kept. Make room, or choose another folder, and print again."
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
    _refuse(wave, form, order)
    closes = wave.closes
    year = (closes or wave.opens or dt.datetime.now(dt.UTC).date()).year
    asking = Asking(wave.study.sender, wave.study.contact, wave.legal_basis, closes, year)
    typesetter = Typesetter(sheet_content(form, words, asking, large=order.large))
    before = set(session.scalars(select(Sheet.id).join(Batch).where(Batch.wave_id == wave.id)))
    sheets = _ordered(session, wave, order, actor)
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


def _refuse(wave: Wave, form: Form, order: Order) -> None:
    ways = [order.invitations, order.stock is not None, bool(order.serials)]
    alone = order.batch is not None and not any(ways)
    problems = []
    if sum(ways) + alone != 1:
        problems.append(
            "Say what to print, in one way: --invitations, --stock with --area, --batch, "
            "or --serial."
        )
    if order.stock is not None and order.area is None:
        problems.append("Stock belongs to an area. Name it with --area.")
    if order.again and order.stock is not None:
        problems.append("New stock was never printed; leave --again out.")
    if wave.status != "open":
        problems.append(
            f"Wave {wave.number} is {wave.status}; sheets are printed while it is open. Open a "
            "planned one with: beboerpuls wave open"
        )
    if order.language not in form.languages:
        offered = ", ".join(form.languages)
        problems.append(
            f"The wave is not asked in {order.language!r}. Its languages are: {offered}."
        )
    if problems:
        raise StudyError("\n".join(problems))


def _ordered(session: Session, wave: Wave, order: Order, actor: str) -> list[Sheet]:
    """The sheets to print, new ones included. Raises StudyError."""
    if order.invitations:
        return _for_invitations(session, wave, order, actor)
    if order.stock is not None:
        serials = add_sheets(
            session,
            wave,
            area=order.area or "",
            batch=order.batch or "Løse skemaer",
            number=order.stock,
            language=order.language,
            actor=actor,
        )
        return list(session.scalars(select(Sheet).where(Sheet.serial.in_(serials))))
    mine = select(Sheet).join(Batch).where(Batch.wave_id == wave.id)
    if order.batch is not None:
        found = session.scalars(
            mine.where(Batch.name == order.batch, Sheet.state == "printed")
        ).all()
        if not found:
            raise StudyError(
                f"The batch {order.batch!r} has no sheets that wait to be keyed. Add them with: beboerpuls sheets add"
            )
        return _unprinted(session, found, order)
    wanted = [*dict.fromkeys(order.serials)]
    found = session.scalars(mine.where(Sheet.serial.in_(wanted))).all()
    known = {sheet.serial: sheet for sheet in found}
    problems = [
        f"Wave {wave.number} has no sheet {serial}." for serial in wanted if serial not in known
    ]
    problems += [
        f"Sheet {sheet.serial} was taken out of use."
        if sheet.state == "void"
        else f"Sheet {sheet.serial} has been keyed; a second paper would be keyed by nobody."
        for sheet in found
        if sheet.state != "printed"
    ]
    if problems:
        raise StudyError("\n".join(problems))
    return _unprinted(session, found, order)


def _for_invitations(session: Session, wave: Wave, order: Order, actor: str) -> list[Sheet]:
    """A sheet for each invitation that may still be answered: the one it has, or a new one."""
    answered = exists().where(
        Response.invitation_id == Invitation.id, Response.status == "submitted"
    )
    wanted = (
        select(Invitation)
        .where(Invitation.wave_id == wave.id, Invitation.outcome.is_(None))
        .where(Invitation.revoked.is_(False), ~answered)
        .order_by(Invitation.reference)
    )
    if order.area is not None:
        wanted = wanted.join(Area, Area.id == Invitation.area_id).where(Area.key == order.area)
    invitations = list(session.scalars(wanted))
    if not invitations:
        where = f" in area {order.area!r}" if order.area else ""
        raise StudyError(
            f"Wave {wave.number} has no invitations{where} that wait for an answer. Invite people "
            "with: beboerpuls study invitations"
        )
    has = {
        sheet.invitation_id: sheet
        for sheet in session.scalars(
            select(Sheet).join(Batch).where(Batch.wave_id == wave.id, Sheet.state != "void")
        )
    }
    invitations = [
        one for one in invitations if one.id not in has or has[one.id].state == "printed"
    ]
    old = [has[one.id] for one in invitations if one.id in has]
    new = [one for one in invitations if one.id not in has]
    if len(invitations) > MOST_AT_ONCE:
        raise StudyError(f"{len(invitations)} sheets at once; at most {MOST_AT_ONCE}. Use --area.")
    added = _add_for(session, wave, new, order, actor) if new else []
    return [*_unprinted(session, old, order, others=bool(new)), *added]


def _add_for(
    session: Session, wave: Wave, invitations: Sequence[Invitation], order: Order, actor: str
) -> list[Sheet]:
    name = order.batch or SENT
    pile = session.scalars(
        select(Batch).where(Batch.wave_id == wave.id, Batch.name == name)
    ).first() or Batch(wave_id=wave.id, name=name)
    # Noted first: the chain of notes lets one writer in at a time, so that no two count alike.
    audit.note(session, actor, "sheets added", told(wave), batch=name, sheets=len(invitations))
    serials = next_serials(session, len(invitations))
    added = [
        Sheet(
            serial=serial,
            batch=pile,
            area_id=one.area_id,
            invitation_id=one.id,
            language=order.language,
        )
        for serial, one in zip(serials, invitations, strict=True)
    ]
    session.add_all(added)
    session.flush()
    return added


def _unprinted(
    session: Session, sheets: Iterable[Sheet], order: Order, *, others: bool = False
) -> list[Sheet]:
    """Those that no finished run has printed, or all where that is asked. Raises StudyError."""
    sheets = list(sheets)
    if order.again:
        return sheets
    printed = set(
        session.scalars(
            select(PrintedSheet.sheet_id)
            .join(PrintRun, PrintRun.id == PrintedSheet.print_run_id)
            .where(PrintRun.finished.is_not(None))
        )
    )
    left = [sheet for sheet in sheets if sheet.id not in printed]
    if not left and not others:
        serials = sorted(sheet.serial for sheet in sheets)
        which = serials[0] if len(serials) == 1 else f"{serials[0]} to {serials[-1]}"
        raise StudyError(
            f"All {len(sheets)} have been printed before ({which}). Two papers with one number "
            "cannot both be keyed; if the first are lost, print again with --again."
        )
    return left


def _set(prepared: _Prepared, part: Path, progress: Callable[[int, int], None]) -> None:
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


def _finish(session: Session, prepared: _Prepared, order: Order, actor: str) -> None:
    run = session.get_one(PrintRun, prepared.run)
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
    if len(_unprinted(session, sheets, order)) < len(sheets):
        raise StudyError(
            "Another run printed some of these sheets in the meantime. Nothing of this one was "
            "kept; print again for those that are left."
        )
    for sheet in sheets:
        sheet.language = order.language
    run.finished = dt.datetime.now(dt.UTC)
    session.flush()


def _forget(session: Session, prepared: _Prepared) -> None:
    """Take back a run that broke off, with the sheets that it had added."""
    session.execute(delete(PrintedSheet).where(PrintedSheet.print_run_id == prepared.run))
    session.execute(delete(PrintRun).where(PrintRun.id == prepared.run))
    session.execute(delete(Sheet).where(Sheet.id.in_(prepared.made)))
