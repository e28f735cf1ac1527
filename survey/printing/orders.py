"""What is ordered from the printer: for whom, which sheets, and what may not be printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from instruments import Form
from survey import audit
from survey.batches import batch_named
from survey.models import Area, Batch, Invitation, PrintedSheet, PrintRun, Response, Sheet, Wave
from survey.serials import could_be_serial
from survey.sheet_stock import MOST_AT_ONCE, add_sheets, next_serials
from survey.studies import StudyError, told

SENT = "Udsendt"  # the pile of sheets that went out with letters, until they come back
LOOSE = "Løse skemaer"  # stock that is in no other pile
# Of these another copy can be printed; of what has come back it would be keyed by nobody.
_OUT = ("printed", "sent")


class PrintError(StudyError):
    """What cannot be printed: said for a terminal, and by a message's key for a page."""

    def __init__(self, said: str, key: str, /, **values: object) -> None:
        super().__init__(said)
        self.key, self.values = f"job.error.print.{key}", values


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
    joined: bool = False  # to one PDF for a print house


def refuse_order(wave: Wave, form: Form, order: Order) -> None:
    """Refuse what cannot be printed, whatever sheets there are. Raises StudyError."""
    ways = [order.invitations, order.stock is not None, bool(order.serials)]
    alone = order.batch is not None and not any(ways)
    problems: list[tuple[str, str]] = []

    def refuse(key: str, said: str) -> None:
        problems.append((key, said))

    if sum(ways) + alone != 1:
        refuse(
            "order",
            "Say what to print, in one way: --invitations, --stock with --area, --batch, "
            "or --serial.",
        )
    if order.stock is not None and order.area is None:
        refuse("order", "Stock belongs to an area. Name it with --area.")
    if order.again and order.stock is not None:
        refuse("order", "New stock was never printed; leave --again out.")
    if wave.status != "open":
        refuse(
            "wave",
            f"Wave {wave.number} is {wave.status}; sheets are printed while it is open. Open a "
            "planned one with: beboerpuls wave open",
        )
    if order.language not in form.languages:
        offered = ", ".join(form.languages)
        refuse(
            "language",
            f"The wave is not asked in {order.language!r}. Its languages are: {offered}.",
        )
    if problems:
        raise PrintError("\n".join(said for _, said in problems), problems[-1][0])


def ordered_sheets(session: Session, wave: Wave, order: Order, actor: str) -> list[Sheet]:
    """The sheets to print, new ones included. Raises StudyError."""
    if order.invitations:
        return _for_invitations(session, wave, order, actor)
    if order.stock is not None:
        serials = add_sheets(
            session,
            wave,
            area=order.area or "",
            batch=order.batch or LOOSE,
            number=order.stock,
            language=order.language,
            actor=actor,
        )
        return list(session.scalars(select(Sheet).where(Sheet.serial.in_(serials))))
    mine = select(Sheet).join(Batch).where(Batch.wave_id == wave.id)
    if order.batch is not None:
        found = session.scalars(mine.where(Batch.name == order.batch, Sheet.state.in_(_OUT))).all()
        if not found:
            raise PrintError(
                f"The batch {order.batch!r} has no sheets that are out. Add them with: "
                "beboerpuls sheets add",
                "batch",
                batch=order.batch,
            )
        return unprinted(session, found, order)
    wanted = [*dict.fromkeys(order.serials)]
    found = session.scalars(mine.where(Sheet.serial.in_(wanted))).all()
    known = {sheet.serial: sheet for sheet in found}
    problems = [
        f"Wave {wave.number} has no sheet {serial}."
        + (
            ""
            if could_be_serial(serial)
            else " There is a slip in it: check the digits, one by one."
        )
        for serial in wanted
        if serial not in known
    ]
    problems += [
        f"Sheet {sheet.serial} was taken out of use."
        if sheet.state == "void"
        else f"Sheet {sheet.serial} has {'come back' if sheet.state == 'returned' else 'been keyed'}; "
        "a second paper would be keyed by nobody."
        for sheet in found
        if sheet.state not in _OUT
    ]
    if problems:
        raise StudyError("\n".join(problems))
    return unprinted(session, found, order)


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
        raise PrintError(
            f"Wave {wave.number} has no invitations{where} that wait for an answer. Invite people "
            "with: beboerpuls study invitations",
            "area" if order.area else "nobody",
            area=order.area,
        )
    has = {
        sheet.invitation_id: sheet
        for sheet in session.scalars(
            select(Sheet).join(Batch).where(Batch.wave_id == wave.id, Sheet.state != "void")
        )
    }
    invitations = [one for one in invitations if one.id not in has or has[one.id].state in _OUT]
    old = [has[one.id] for one in invitations if one.id in has]
    new = [one for one in invitations if one.id not in has]
    if len(invitations) > MOST_AT_ONCE:
        raise PrintError(
            f"{len(invitations)} sheets at once; at most {MOST_AT_ONCE}. Use --area.",
            "many",
            sheets=len(invitations),
            most=MOST_AT_ONCE,
        )
    added = _add_for(session, wave, new, order, actor) if new else []
    return [*unprinted(session, old, order, others=bool(new)), *added]


def _add_for(
    session: Session, wave: Wave, invitations: Sequence[Invitation], order: Order, actor: str
) -> list[Sheet]:
    name = order.batch or SENT
    pile = batch_named(session, wave, name)
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


def unprinted(
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
        raise PrintError(
            f"All {len(sheets)} have been printed before ({which}). Two papers with one number "
            "cannot both be keyed; if the first are lost, print again with --again.",
            "before",
            sheets=len(sheets),
            first=serials[0],
            last=serials[-1],
        )
    return left
