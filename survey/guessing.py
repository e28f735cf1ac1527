"""Slows guessing of codes and passwords, and the filling of an open link, for all workers together.

Who guesses is known only by an HMAC of their address under a key that is thrown away with its
day; the address itself is never stored. With the key at hand all addresses could be tried, so it
must go although nobody guesses wrong again. Only wrong tries count, so that a whole stairwell
behind one router can answer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import os

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from survey.database import Database
from survey.models import Attempt, LimiterKey

WRONG_TRIES_AN_HOUR = 20
# By an open link, within an hour: a common room's tablet or a stairwell's router is one address.
BEGUN_BY_ONE = 60
BEGUN_A_WAVE = 2000


class TooManyTriesError(Exception):
    """Somebody guessed wrong too often within the hour."""


class TooManyBegunError(Exception):
    """More began by an open link within the hour than people do."""


def refuse_if_guessing(
    session: Session, who: str, now: dt.datetime, *, most: int = WRONG_TRIES_AN_HOUR
) -> None:
    """Raise TooManyTriesError when `who` has used up this hour's wrong tries."""
    hashed = _hashed(session, who, now.date())
    if not hashed:
        return
    key = (now.date(), now.hour, hashed)
    attempt = session.get(Attempt, key)
    if attempt is not None and attempt.count >= most:
        raise TooManyTriesError


def note_wrong_try(session: Session, who: str, now: dt.datetime) -> None:
    """Count one wrong try."""
    _count(session, who, now)


def count_beginning(session: Session, who: str, now: dt.datetime, *, most: int) -> None:
    """Count one who begins. Raises TooManyBegunError; what is then rolled back was not counted."""
    if _count(session, who, now) > most:
        raise TooManyBegunError


class EarlierDays:
    """Throws a day's counts and their key away, once that day is over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gone_before: dt.date | None = None

    def forget(self, today: dt.date) -> None:
        """Forget all days before today; asked again on the same day, it costs nothing."""
        if self._gone_before == today:
            return
        try:
            with self._database.looking() as session:
                left = session.scalar(select(LimiterKey.day).where(LimiterKey.day < today).limit(1))
            if left is not None:
                with self._database.writing() as session:
                    session.execute(delete(Attempt).where(Attempt.day < today))
                    session.execute(delete(LimiterKey).where(LimiterKey.day < today))
        except (OperationalError, IntegrityError):
            return  # a full disk, or a try of the last second of that day: the next who comes does it
        self._gone_before = today


def _count(session: Session, who: str, now: dt.datetime) -> int:
    """Count one more of this hour; how many it makes."""
    today = now.date()
    insert = postgresql.insert if _is_postgresql(session) else sqlite.insert
    session.execute(
        insert(LimiterKey).values(day=today, secret=os.urandom(32)).on_conflict_do_nothing()
    )
    counted = session.execute(
        insert(Attempt)
        .values(day=today, hour=now.hour, who=_hashed(session, who, today), count=1)
        .on_conflict_do_update(
            index_elements=[Attempt.day, Attempt.hour, Attempt.who],
            set_={"count": Attempt.count + 1},
        )
        .returning(Attempt.count)
    )
    return counted.scalar_one()


def _hashed(session: Session, who: str, day: dt.date) -> bytes:
    secret = session.scalar(select(LimiterKey.secret).where(LimiterKey.day == day))
    # Nobody has guessed wrong today: no count can match.
    return hmac.digest(secret, who.encode(), hashlib.sha256) if secret else b""


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
