"""Who may be asked at the door, by whom: an interview's way in.

A fieldworker comes to answers by a code, which lies with whoever was invited; or by a reference from
the study's own list, which leads to nobody who has begun, or it would show what they had answered.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from survey import audit
from survey.admission import (
    Admitted,
    NotAdmittedError,
    RevokedCodeError,
    UnknownCodeError,
    UsedCodeError,
    by_code,
    by_open_link,
)
from survey.answering import asks
from survey.models import Account, AuditEntry, Invitation, Response, Study, Wave
from survey.secrets import Keys

ACT = "interviewed"


class OtherStudyError(NotAdmittedError):
    """The code belongs to a study in which this person asks nobody."""


class BegunElsewhereError(NotAdmittedError):
    """Somebody has begun to answer there; only their own code goes on with it."""


@dataclass(frozen=True)
class AskedNow:
    """A wave whose residents may be asked today."""

    id: int
    study: str
    number: int
    open_link: bool


def waves_to_ask(session: Session, studies: Collection[int], day: dt.date) -> list[AskedNow]:
    """The waves of some studies that ask on a day."""
    found = session.execute(
        select(Wave, Study.title)
        .join(Study, Study.id == Wave.study_id)
        .where(Wave.study_id.in_(studies))
        .order_by(Study.title, Wave.number)
    )
    return [
        AskedNow(wave.id, title, wave.number, wave.open_link)
        for wave, title in found
        if asks(wave.status, wave.closes, day)
    ]


def at_door_by_code(
    session: Session, keys: Keys, typed: str, studies: Collection[int], day: dt.date
) -> Admitted:
    """Whom a code was given to. Raises NotAdmittedErrors."""
    admitted = by_code(session, keys, typed, day)
    _must_be_theirs(session, admitted.wave_id, studies)
    return admitted


def at_door_by_reference(
    session: Session, wave_id: int, reference: str, studies: Collection[int]
) -> Admitted:
    """Whom a line of the study's list stands for, where nobody has begun. Raises NotAdmittedErrors."""
    _must_be_theirs(session, wave_id, studies)
    if not reference.isprintable():
        raise UnknownCodeError  # nobody is listed so, and PostgreSQL takes no NUL
    found = session.execute(
        select(Invitation.id, Invitation.revoked, Response.status)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .where(Invitation.wave_id == wave_id, Invitation.reference == reference.strip())
    ).first()
    if found is None:
        raise UnknownCodeError
    if found.revoked:
        raise RevokedCodeError
    if found.status is not None:
        raise UsedCodeError if found.status == "submitted" else BegunElsewhereError
    return Admitted(wave_id, found.id)


def at_door_without_code(
    session: Session, wave_id: int, studies: Collection[int], day: dt.date
) -> Admitted:
    """Somebody of a wave that may be answered without a code. Raises NotAdmittedErrors."""
    _must_be_theirs(session, wave_id, studies)
    return by_open_link(session, wave_id, day)


def note_interviewer(session: Session, account: Account, wave_id: int, day: dt.date) -> None:
    """Note that somebody interviews in a wave: once a day, and by the day alone.

    Whose answers, or at what time of day, would stand beside an answer.
    """
    wave = session.get_one(Wave, wave_id)
    subject = f"{wave.study.key} wave {wave.number}"
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    noted = session.scalar(
        select(AuditEntry.number).where(
            AuditEntry.act == ACT,
            AuditEntry.actor == account.name,
            AuditEntry.subject == subject,
            AuditEntry.at == midnight,
        )
    )
    if noted is None:
        audit.note(session, account.name, ACT, subject, by_day=True)


def ask_in_person(session: Session, response_id: uuid.UUID) -> None:
    """Have answers that were begun elsewhere count as an interview: part of them is one."""
    session.execute(
        update(Response)
        .where(Response.id == response_id, Response.status == "started")
        .values(mode="interview")
    )


def _must_be_theirs(session: Session, wave_id: int, studies: Collection[int]) -> None:
    study = session.scalar(select(Wave.study_id).where(Wave.id == wave_id))
    if study not in studies:
        raise OtherStudyError
