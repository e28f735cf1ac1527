"""Who may answer: by the code in a letter, or by a wave's open link."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from survey.answering import asks
from survey.models import Invitation, Response, Study, Wave, table_of
from survey.secrets import CODE_LENGTH, Keys, could_be_code, normalise_code


class NotAdmittedError(Exception):
    """Nobody is let in this way; each subclass says why."""


class MistypedCodeError(NotAdmittedError):
    """A slip of the finger: the check character does not agree. No guess, so it is not counted."""

    def __init__(self, *, wrong_length: bool = False) -> None:
        super().__init__()
        self.wrong_length = wrong_length


class UnknownCodeError(NotAdmittedError):
    """A code that could be one, but was never given out. Counted as a guess."""


class RevokedCodeError(NotAdmittedError):
    """The code was taken back: a new one was sent, or the person asked not to be in it."""


class UsedCodeError(NotAdmittedError):
    """The answers of this code were submitted."""


class WaveNotOpenError(NotAdmittedError):
    """The wave has not begun; `opens` is the day it will, where one is set."""

    def __init__(self, opens: dt.date | None = None) -> None:
        super().__init__()
        self.opens = opens


class WaveOverError(NotAdmittedError):
    """The wave takes no more answers."""


@dataclass(frozen=True)
class Admitted:
    """Somebody who may answer."""

    wave_id: int
    invitation_id: int | None = None
    response_id: uuid.UUID | None = None  # begun before, perhaps on another device
    language: str | None = None  # the one it was begun in


@dataclass(frozen=True)
class OpenWave:
    """A wave that may also be answered without a code."""

    wave_id: int
    study: str


_invitation, _response = table_of(Invitation), table_of(Response)
_wave, _study = table_of(Wave), table_of(Study)
_BY_CODE = (
    select(
        _invitation.c.id,
        _invitation.c.revoked,
        _invitation.c.wave_id,
        _wave.c.status,
        _wave.c.opens,
        _wave.c.closes,
        _response.c.id.label("response_id"),
        _response.c.status.label("response_status"),
        _response.c.language,
    )
    .join_from(_invitation, _wave, _wave.c.id == _invitation.c.wave_id)
    .outerjoin(_response, _response.c.invitation_id == _invitation.c.id)
    .where(_invitation.c.code_hash == bindparam("code_hash"))
)
_OPEN_WAVES = (
    select(_wave.c.id, _study.c.title, _wave.c.status, _wave.c.closes)
    .join_from(_wave, _study, _study.c.id == _wave.c.study_id)
    .where(_wave.c.open_link, _wave.c.status == "open")
    .order_by(_wave.c.id)
)


def by_code(session: Session, keys: Keys, typed: str, day: dt.date) -> Admitted:
    """Find who a code was given to. Raises the NotAdmittedErrors of this module."""
    if not could_be_code(typed):
        raise MistypedCodeError(wrong_length=len(normalise_code(typed)) != CODE_LENGTH)
    found = session.execute(_BY_CODE, {"code_hash": keys.code_hash(typed)}).first()
    if found is None:
        raise UnknownCodeError
    if found.revoked:
        raise RevokedCodeError
    if found.response_status == "submitted":
        raise UsedCodeError
    _must_be_open(found.status, found.opens, found.closes, day)
    return Admitted(found.wave_id, found.id, found.response_id, found.language)


def by_open_link(session: Session, wave_id: int, day: dt.date) -> Admitted:
    """Let in without a code, where the wave allows it. Raises NotAdmittedError."""
    found = session.execute(
        select(Wave.status, Wave.opens, Wave.closes).where(Wave.id == wave_id, Wave.open_link)
    ).first()
    if found is None:
        raise UnknownCodeError
    _must_be_open(found.status, found.opens, found.closes, day)
    return Admitted(wave_id)


def open_waves(session: Session, day: dt.date) -> list[OpenWave]:
    """The waves that anybody may answer on a day."""
    found = session.execute(_OPEN_WAVES)
    return [
        OpenWave(wave_id, title)
        for wave_id, title, status, closes in found
        if asks(status, closes, day)
    ]


def _must_be_open(status: str, opens: dt.date | None, closes: dt.date | None, day: dt.date) -> None:
    if status == "planned":
        raise WaveNotOpenError(opens)
    if not asks(status, closes, day):
        raise WaveOverError
