"""What is deleted when its time has come: the key, which is the link between code and person.

A study's list says who stands behind a reference, the database which reference has which answers.
Cut between the two, rows stay as they were frozen and nobody can tell whose they are. That needs
more than empty columns: invitations were stored in the order of the list, and would be told by it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from instruments import Form
from survey import audit
from survey.contacts import erase_contacts
from survey.freezing import hold_alone
from survey.models import (
    AuditEntry,
    Base,
    Batch,
    Invitation,
    Response,
    Sheet,
    Wave,
    table_of,
)
from survey.secrets import Keys
from survey.studies import StudyError, told
from survey.withdrawal import erase_keyed

ACT = "key deleted"
# What a dataset counts by stays; whom it was about goes.
_KEPT = ("wave_id", "area_id", "stratum", "base_weight", "outcome", "revoked")


@dataclass(frozen=True)
class KeyDeleted:
    """What became of a wave's key."""

    invitations: int
    contacts: int
    receipts: int  # how many lead to no answers any more


def delete_key(session: Session, keys: Keys, form: Form, wave: Wave, *, actor: str) -> KeyDeleted:
    """Cut a frozen wave's answers off from codes, references and contacts, for good.

    Under consent the receipt, and a sheet's number, go on leading whoever holds them to their
    answers, for they may take these back. Under research they lead nowhere: receipts are forgotten,
    and what was keyed from sheets is erased but for the responses it became. Raises StudyError.
    """
    hold_alone(session, wave)
    _refuse(session, wave)
    contacts = erase_contacts(session, wave)
    receipts = _forget_receipts(session, keys, form, wave) if wave.legal_basis == "research" else 0
    invitations = _invite_nobody(session, wave)
    done = KeyDeleted(invitations, contacts, receipts)
    audit.note(
        session,
        actor,
        ACT,
        told(wave),
        invitations=done.invitations,
        contacts=done.contacts,
        receipts=done.receipts,
    )
    return done


def _refuse(session: Session, wave: Wave) -> None:
    if wave.status != "frozen":
        raise StudyError(
            f"Wave {wave.number} is {wave.status}; until it is frozen its codes, references and "
            f"contacts are needed. Freeze it first: beboerpuls wave freeze {wave.study.key} "
            f"{wave.number}"
        )
    before = select(AuditEntry.at).where(AuditEntry.act == ACT, AuditEntry.subject == told(wave))
    if (at := session.scalar(before)) is not None:
        raise StudyError(f"The key of wave {wave.number} was deleted on {at.date()}.")
    followed = session.scalar(
        select(func.count()).where(Invitation.wave_id == wave.id, Invitation.pseudonym.is_not(None))
    )
    if followed:
        raise StudyError(
            f"Wave {wave.number} follows {followed} people through the study: their pseudonyms "
            "stand in its dataset, and whoever has the study's person keys and the key file finds "
            "their answers. While it does, no key is gone, and none can be said to be."
        )


def _forget_receipts(session: Session, keys: Keys, form: Form, wave: Wave) -> int:
    """Let no receipt and no sheet lead to answers; how many receipts did."""
    response = table_of(Response)
    ids = session.scalars(
        select(Response.id).where(Response.wave_id == wave.id, Response.status == "submitted")
    ).all()
    if ids:
        session.execute(
            update(response)
            .where(response.c.id == bindparam("response_id"))
            .values(receipt_hash=bindparam("nobodys")),
            [{"response_id": one, "nobodys": os.urandom(32)} for one in ids],
        )
    sheets = select(Sheet.id).join(Batch, Batch.id == Sheet.batch_id)
    of_wave = sheets.where(Batch.wave_id == wave.id)
    erase_keyed(session, keys, form, of_wave)
    session.execute(
        update(Sheet).where(Sheet.id.in_(of_wave)).values(invitation_id=None),
        execution_options={"synchronize_session": False},
    )
    return len(ids)


def _invite_nobody(session: Session, wave: Wave) -> int:
    """Put rows that name nobody in the place of a wave's invitations, in an order of chance."""
    table = table_of(Invitation)
    kept = select(Invitation.id, *(table.c[name] for name in _KEPT))
    earlier = list(session.execute(kept.where(Invitation.wave_id == wave.id)))
    secrets.SystemRandom().shuffle(earlier)
    anew = [
        Invitation(
            **{name: getattr(row, name) for name in _KEPT},
            reference=secrets.token_hex(16),
            code_hash=os.urandom(32),
        )
        for row in earlier
    ]
    session.add_all(anew)
    session.flush()
    moved = {row.id: one.id for row, one in zip(earlier, anew, strict=True)}
    for model in (Response, Sheet):
        _move(session, model, moved)
    if moved:
        session.execute(
            delete(table).where(table.c.id == bindparam("earlier")),
            [{"earlier": earlier} for earlier in moved],
        )
    session.expire_all()
    return len(moved)


def _move(session: Session, model: type[Base], moved: Mapping[int, int]) -> None:
    if not moved:
        return
    table = table_of(model)
    session.execute(
        update(table)
        .where(table.c.invitation_id == bindparam("earlier"))
        .values(invitation_id=bindparam("anew")),
        [{"earlier": earlier, "anew": anew} for earlier, anew in moved.items()],
    )
