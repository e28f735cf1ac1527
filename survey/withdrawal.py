"""Somebody takes their answers back: everything that holds them is erased.

Where the wave was frozen, a tombstone remembers the row's pseudonym, a superseding dataset is
written without the row, and the one before is revoked.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from instruments import Form
from survey import audit
from survey.freezing import Frozen, hold_alone, put_right, standing, supersede
from survey.keyed import count_errors
from survey.models import (
    Contact,
    Invitation,
    Keying,
    Resolution,
    Response,
    ScanPage,
    Sheet,
    Superseded,
    Tombstone,
    Wave,
)
from survey.secrets import Keys, shown_code
from survey.serials import could_be_serial, normalise_serial
from survey.sheet_states import became


class UnknownReceiptError(Exception):
    """No answers belong to this receipt or code: mistyped, or erased before."""


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal did."""

    wave: Wave
    number: str  # the receipt of the erasure: stands in the audit too, and leads to no person
    superseding: Frozen | None  # the new dataset, where one had been frozen


def find_answers(session: Session, keys: Keys, typed: str) -> Response | Sheet:
    """The response of a receipt, of the code in a letter, or of a sheet's serial; or the sheet.

    Who did not finish was never given a receipt, and who answered on paper has the sheet's serial,
    which its own text names for this. A sheet that was keyed or scanned and is no response yet is
    itself what holds the answers. Raises UnknownReceiptError.
    """
    if could_be_serial(typed):
        serial = normalise_serial(typed)
        found = _response_of(session, serial) or _sheet_with_answers(session, serial)
    else:
        found = session.scalars(
            select(Response)
            .outerjoin(Invitation, Invitation.id == Response.invitation_id)
            .where(
                or_(
                    Response.receipt_hash == keys.receipt_hash(typed),
                    Invitation.code_hash == keys.code_hash(typed),
                )
            )
        ).first()
    if found is None:
        raise UnknownReceiptError
    return found


def wave_of(answers: Response | Sheet) -> int:
    """The id of the wave that answers were given in."""
    return answers.wave_id if isinstance(answers, Response) else answers.batch.wave_id


def _response_of(session: Session, serial: str) -> Response | None:
    """The response that a sheet became: its invitation's, or one under the id of its keying."""
    return session.scalars(
        select(Response)
        .join(
            Sheet,
            or_(
                Sheet.invitation_id == Response.invitation_id,
                Response.id.in_(select(Keying.id).where(Keying.sheet_id == Sheet.id)),
            ),
        )
        .where(Sheet.serial == serial)
    ).first()


def _sheet_with_answers(session: Session, serial: str) -> Sheet | None:
    """A sheet of which something was keyed or read, and is kept."""
    keyed = exists().where(Keying.sheet_id == Sheet.id)
    read = exists().where(ScanPage.sheet_id == Sheet.id, ScanPage.sealed_readings.is_not(None))
    return session.scalars(select(Sheet).where(Sheet.serial == serial, or_(keyed, read))).first()


def withdraw(
    session: Session, keys: Keys, form: Form, answers: Response | Sheet, data: Path, *, actor: str
) -> Withdrawn:
    """Erase answers with all their copies; supersede the wave's dataset if they stand in one.

    Raises UnknownReceiptError where somebody else erased them in the meantime.
    """
    wave = session.get_one(Wave, wave_of(answers))
    hold_alone(session, wave)
    put_right(session, wave.study, data)
    if isinstance(answers, Sheet):
        return _withdraw_sheet(session, keys, form, answers, wave, actor)
    response = session.get(Response, answers.id, populate_existing=True)
    if response is None:
        raise UnknownReceiptError
    row_id = keys.row_id(wave.study.key, response.id)
    _erase(session, keys, form, _sheets_of(session, response), response.invitation_id, actor)
    session.execute(delete(Superseded).where(Superseded.response_id == response.id))
    session.delete(response)
    session.flush()
    number = _noted(session, keys, wave, response.id, actor)
    if standing(session, wave) is None:
        return Withdrawn(wave, number, None)
    session.add(Tombstone(wave_id=wave.id, row_id=row_id))
    session.flush()
    frozen = supersede(
        session, keys, form, wave, data, actor=actor, reason="answers were withdrawn"
    )
    return Withdrawn(wave, number, frozen)


def _withdraw_sheet(
    session: Session, keys: Keys, form: Form, sheet: Sheet, wave: Wave, actor: str
) -> Withdrawn:
    """Erase what was keyed and read of a sheet that is no response: no dataset has it."""
    if _response_of(session, sheet.serial) or not _sheet_with_answers(session, sheet.serial):
        raise UnknownReceiptError  # settled or erased since it was looked up
    session.refresh(sheet, ["keyings"])
    pages = select(ScanPage.id).where(ScanPage.sheet_id == sheet.id).order_by(ScanPage.page)
    row = sheet.keyings[0].id if sheet.keyings else session.scalars(pages).first()
    if row is None:
        raise UnknownReceiptError
    _erase(session, keys, form, [sheet], sheet.invitation_id, actor)
    return Withdrawn(wave, _noted(session, keys, wave, row, actor), None)


def _noted(session: Session, keys: Keys, wave: Wave, row: uuid.UUID, actor: str) -> str:
    number = erasure_number(keys, row)
    audit.note(
        session, actor, "answers withdrawn", f"{wave.study.key} wave {wave.number}", number=number
    )
    return number


def finish(session: Session, wave_id: int, data: Path) -> None:
    """Make what a withdrawal that was cut off has left unmade; see `put_right`.

    Raises OSError where the disk still refuses.
    """
    wave = session.get_one(Wave, wave_id)
    hold_alone(session, wave)
    put_right(session, wave.study, data)


def erasure_number(keys: Keys, response_id: uuid.UUID) -> str:
    """What proves an erasure: the same for the same answers, and made of nothing but their id."""
    return shown_code(keys.receipt(uuid.uuid5(response_id, "erased")))


def erase_keyed(session: Session, keys: Keys, form: Form, sheets: Select[int]) -> None:
    """Erase all that was keyed and read from some sheets, named by their ids, and their pictures.

    How well they were keyed is no answer, and stays: it mends no keyer's rate.
    """
    for sheet in session.scalars(select(Sheet).where(Sheet.id.in_(sheets)).order_by(Sheet.id)):
        count_errors(session, keys, form, sheet)
    session.flush()
    for row in (Resolution, Keying):
        session.execute(
            delete(row).where(row.sheet_id.in_(sheets)),
            execution_options={"synchronize_session": False},
        )
    session.execute(
        update(ScanPage)
        .where(ScanPage.sheet_id.in_(sheets))
        .values(sealed_readings=None, sealed_picture=None, unsure=0),
        execution_options={"synchronize_session": False},
    )


def _sheets_of(session: Session, response: Response) -> Sequence[Sheet]:
    # A stock sheet has no invitation; its response has the id of its first keying.
    of_keying = select(Keying.sheet_id).where(Keying.id == response.id)
    its: list[ColumnElement[bool]] = [Sheet.id.in_(of_keying)]
    if response.invitation_id is not None:
        its.append(Sheet.invitation_id == response.invitation_id)
    return session.scalars(select(Sheet).where(or_(*its)).order_by(Sheet.id)).all()


def _erase(
    session: Session,
    keys: Keys,
    form: Form,
    sheets: Sequence[Sheet],
    invitation_id: int | None,
    actor: str,
) -> None:
    """Erase what sheets hold, and invite whoever they are of no more."""
    now = dt.datetime.now(dt.UTC)
    for sheet in sheets:
        count_errors(session, keys, form, sheet)  # by what was settled, while it says that it is
        became(session, sheet, "void", actor=actor, at=now, note="answers withdrawn")
    session.flush()
    erase_keyed(
        session, keys, form, select(Sheet.id).where(Sheet.id.in_([sheet.id for sheet in sheets]))
    )
    if invitation_id is not None:
        # The code shall not begin the answers anew, and nobody be reminded.
        invitation = session.get_one(Invitation, invitation_id)
        invitation.outcome = "withdrawn"
        invitation.revoked = True
        session.execute(delete(Contact).where(Contact.invitation_id == invitation.id))
    session.flush()
