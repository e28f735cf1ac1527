"""Rounds: who is written to, decided once.

A round of reminders is a list of those who have not answered, and two of them laid beside each
other would tell who answered in between. So a list is drawn once, is the same however often its
letters are made again, and nobody is in another for some days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from survey import audit
from survey.answering import hold_wave
from survey.contacts import Reached, read_contact
from survey.models import (
    Addressee,
    Area,
    Contact,
    Invitation,
    Response,
    Round,
    Sheet,
    Wave,
)
from survey.secrets import Keys
from survey.studies import StudyError, told

# People read letters and answer them within days; whoever is reminded sooner is pestered.
REST = dt.timedelta(days=3)
# A sheet that has come back is an answer, keyed or not.
_ANSWERED_ON_PAPER = ("returned", "keyed_once", "keyed_twice", "settled")


class RoundError(StudyError):
    """Nobody can be written to now. `reason` names why, `values` what the sentence needs."""

    def __init__(self, reason: str, sentence: str, **values: object) -> None:
        super().__init__(sentence)
        self.reason, self.values = reason, values


@dataclass(frozen=True)
class Recipient:
    """Somebody in a round, as letters and files need them."""

    invitation_id: int
    reference: str
    area_key: str
    area: str
    person: bool  # a person was invited, not a dwelling
    reached: Reached
    mail_bounced: bool


def draw_round(
    session: Session,
    wave: Wave,
    kind: str,
    *,
    area: str | None = None,
    today: dt.date,
    actor: str,
) -> Round:
    """Decide who is written to: those never written to before, or those to be reminded.

    Nobody who answered, refused, moved or cannot be reached, and no revoked code; a reminder goes
    to nobody who asked for none. Raises RoundError.
    """
    wave = hold_wave(session, wave.id)
    if wave.status != "open":
        raise RoundError(
            "not_open",
            f"Wave {wave.number} is {wave.status}; people are written to while it is open. Open a "
            f"planned one with: beboerpuls wave open {wave.study.key} {wave.number}",
        )
    if wave.closes is not None and wave.closes < today:
        raise RoundError(
            "over", f"The last day of wave {wave.number} was {wave.closes}; nobody can answer now."
        )
    place = _area(session, wave, area)
    wanted = _to_invite() if kind == "invitation" else _to_remind()
    query = (
        select(Invitation.id)
        .join(Contact, Contact.invitation_id == Invitation.id)
        .where(Invitation.wave_id == wave.id, *still_asked(), *wanted)
        .order_by(Invitation.id)
    )
    if place is not None:
        query = query.where(Invitation.area_id == place.id)
    invitations = list(session.scalars(query))
    if kind == "reminder":
        invitations = _rested(session, wave, invitations, today)
    if not invitations:
        raise _nobody(wave, kind)
    number = session.scalar(select(func.max(Round.number)).where(Round.wave_id == wave.id)) or 0
    drawn = Round(
        wave_id=wave.id,
        number=number + 1,
        kind=kind,
        area_id=place and place.id,
        drawn=today,
        actor=actor,
    )
    session.add(drawn)
    session.flush()
    session.add_all(Addressee(round_id=drawn.id, invitation_id=one) for one in invitations)
    session.flush()
    audit.note(
        session,
        actor,
        "round drawn",
        told(wave),
        round=drawn.number,
        kind=kind,
        area=area or "",
        invitations=len(invitations),
    )
    return drawn


def still_asked() -> tuple[ColumnElement[bool], ...]:
    """What holds of an invitation that may be written to: it waits for an answer."""
    answered = exists().where(
        Response.invitation_id == Invitation.id, Response.status == "submitted"
    )
    on_paper = exists().where(
        Sheet.invitation_id == Invitation.id, Sheet.state.in_(_ANSWERED_ON_PAPER)
    )
    return (Invitation.outcome.is_(None), Invitation.revoked.is_(False), ~answered, ~on_paper)


def find_round(session: Session, wave: Wave, number: int) -> Round:
    """A wave's round. Raises RoundError."""
    found = session.scalars(
        select(Round).where(Round.wave_id == wave.id, Round.number == number)
    ).first()
    if found is None:
        known = ", ".join(str(one.number) for one in rounds_of(session, wave)) or "none yet"
        raise RoundError(
            "unknown", f"Wave {wave.number} has no round {number}. Rounds are: {known}."
        )
    return found


def rounds_of(session: Session, wave: Wave) -> list[Round]:
    """A wave's rounds, the latest last."""
    return list(
        session.scalars(select(Round).where(Round.wave_id == wave.id).order_by(Round.number))
    )


def recipients(session: Session, keys: Keys, drawn: Round) -> list[Recipient]:
    """Everybody in a round who can still be reached, by area and reference.

    The list stays what it was drawn as, but for those who have since said no, moved or asked for
    no reminder: no letter goes to them. Who has answered since is not left out; the list would
    tell it.
    """
    wanted = (
        select(Invitation, Contact, Area)
        .join(Addressee, Addressee.invitation_id == Invitation.id)
        .join(Contact, Contact.invitation_id == Invitation.id)
        .join(Area, Area.id == Invitation.area_id)
        .where(Addressee.round_id == drawn.id)
        .where(Invitation.outcome.is_(None), Invitation.revoked.is_(False))
        .order_by(Area.key, Invitation.reference)
    )
    if drawn.kind == "reminder":
        wanted = wanted.where(Invitation.no_reminder.is_(False))
    return [
        Recipient(
            invitation.id,
            invitation.reference,
            area.key,
            area.name,
            invitation.pseudonym is not None,
            read_contact(keys, contact),
            contact.mail_bounced,
        )
        for invitation, contact, area in session.execute(wanted)
    ]


def sizes(session: Session, rounds: Sequence[Round]) -> dict[int, int]:
    """How many were drawn into each round."""
    rows = session.execute(
        select(Addressee.round_id, func.count())
        .where(Addressee.round_id.in_([one.id for one in rounds]))
        .group_by(Addressee.round_id)
    )
    return dict(rows.all())


def _to_invite() -> tuple[ColumnElement[bool], ...]:
    return (~exists().where(Addressee.invitation_id == Invitation.id),)


def _to_remind() -> tuple[ColumnElement[bool], ...]:
    written_to = exists().where(Addressee.invitation_id == Invitation.id)
    return (written_to, Invitation.no_reminder.is_(False))


def _rested(session: Session, wave: Wave, invitations: list[int], today: dt.date) -> list[int]:
    """Those who were not written to within the last days. Raises RoundError where all were.

    So nobody is in two lists near each other, and being left out of the second tells nothing.
    """
    last = dict(
        session.execute(
            select(Addressee.invitation_id, func.max(Round.drawn))
            .join(Round, Round.id == Addressee.round_id)
            .where(Round.wave_id == wave.id)
            .group_by(Addressee.invitation_id)
        ).all()
    )
    rested = [one for one in invitations if last[one] + REST <= today]
    if invitations and not rested:
        first = min(last[one] for one in invitations) + REST
        raise RoundError(
            "too_soon",
            f"They were written to lately, and are reminded on {first} at the earliest: sooner is "
            "pestering, and two lists so near each other would tell who answered in between.",
            day=first,
        )
    return rested


def _nobody(wave: Wave, kind: str) -> RoundError:
    if kind == "invitation":
        return RoundError(
            "nobody_new",
            f"Nobody in wave {wave.number} waits for a first letter. People are invited, with "
            "their addresses, by: beboerpuls study invitations",
        )
    return RoundError(
        "nobody_to_remind",
        f"Nobody in wave {wave.number} is to be reminded: they answered, said no, or were not "
        "written to yet.",
    )


def _area(session: Session, wave: Wave, key: str | None) -> Area | None:
    if not key:
        return None
    found = session.scalars(
        select(Area).where(Area.study_id == wave.study_id, Area.key == key)
    ).first()
    if found is None:
        raise RoundError("unknown_area", f"The study has no area {key!r}.")
    return found
