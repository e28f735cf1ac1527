"""Somebody takes their answers back: everything that holds them is erased.

Where the wave was frozen, a tombstone remembers the row's pseudonym, a superseding dataset is
written without the row, and the one before is revoked.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Select, delete, or_, select, update
from sqlalchemy.orm import Session

from instruments import Form
from survey import audit
from survey.freezing import Frozen, hold_alone, put_right, standing, supersede
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


def find_response(session: Session, keys: Keys, typed: str) -> Response:
    """The response of a receipt, of the code in a letter, or of a sheet's serial.

    Who did not finish was never given a receipt, and who answered on paper has the sheet's serial,
    which its own text names for this. Raises UnknownReceiptError.
    """
    if could_be_serial(typed):
        return _of_sheet(session, normalise_serial(typed))
    response = session.scalars(
        select(Response)
        .outerjoin(Invitation, Invitation.id == Response.invitation_id)
        .where(
            or_(
                Response.receipt_hash == keys.receipt_hash(typed),
                Invitation.code_hash == keys.code_hash(typed),
            )
        )
    ).first()
    if response is None:
        raise UnknownReceiptError
    return response


def _of_sheet(session: Session, serial: str) -> Response:
    """The response that a sheet became: its invitation's, or one under the id of its keying."""
    response = session.scalars(
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
    if response is None:
        raise UnknownReceiptError
    return response


def withdraw(
    session: Session, keys: Keys, form: Form, response: Response, data: Path, *, actor: str
) -> Withdrawn:
    """Erase a response with all its copies; supersede the wave's dataset if there is one.

    Raises UnknownReceiptError where somebody else erased it in the meantime.
    """
    wave = session.get_one(Wave, response.wave_id)
    hold_alone(session, wave)
    put_right(session, wave.study, data)
    if session.get(Response, response.id, populate_existing=True) is None:
        raise UnknownReceiptError
    row_id = keys.row_id(wave.study.key, response.id)
    _erase(session, response, actor)
    number = erasure_number(keys, response.id)
    audit.note(
        session, actor, "answers withdrawn", f"{wave.study.key} wave {wave.number}", number=number
    )
    if standing(session, wave) is None:
        return Withdrawn(wave, number, None)
    session.add(Tombstone(wave_id=wave.id, row_id=row_id))
    session.flush()
    frozen = supersede(
        session, keys, form, wave, data, actor=actor, reason="answers were withdrawn"
    )
    return Withdrawn(wave, number, frozen)


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


def erase_keyed(session: Session, sheets: Select[int]) -> None:
    """Erase all that was keyed and read from some sheets, named by their ids, and their pictures."""
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


def _erase(session: Session, response: Response, actor: str) -> None:
    # A stock sheet has no invitation; its response has the id of its first keying.
    of_keying = select(Keying.sheet_id).where(Keying.id == response.id)
    its: list[ColumnElement[bool]] = [Sheet.id.in_(of_keying)]
    if response.invitation_id is not None:
        its.append(Sheet.invitation_id == response.invitation_id)
    # Listed before the keyings it looks at are gone.
    sheets = session.scalars(select(Sheet).where(or_(*its))).all()
    session.execute(delete(Superseded).where(Superseded.response_id == response.id))
    erase_keyed(session, select(Sheet.id).where(Sheet.id.in_([sheet.id for sheet in sheets])))
    now = dt.datetime.now(dt.UTC)
    for sheet in sheets:
        became(session, sheet, "void", actor=actor, at=now, note="answers withdrawn")
    if response.invitation_id is not None:
        # The code shall not begin the answers anew, and nobody be reminded.
        invitation = session.get_one(Invitation, response.invitation_id)
        invitation.outcome = "withdrawn"
        invitation.revoked = True
        session.execute(delete(Contact).where(Contact.invitation_id == invitation.id))
    session.delete(response)
    session.flush()
