import datetime as dt

import pytest
from sqlalchemy import select

from survey.database import Database
from survey.guessing import (
    WRONG_TRIES_AN_HOUR,
    TooManyTriesError,
    note_wrong_try,
    refuse_if_guessing,
)
from survey.models import Attempt, LimiterKey

NOON = dt.datetime(2026, 11, 2, 12, 30, tzinfo=dt.UTC)
ADDRESS = "203.0.113.7"


@pytest.fixture
def guessed(database):
    """A database in which one address has used up its wrong tries."""
    for _ in range(WRONG_TRIES_AN_HOUR):
        with database.writing() as session:
            refuse_if_guessing(session, ADDRESS, NOON)
            note_wrong_try(session, ADDRESS, NOON)
    return database


def test_guessing_is_refused_for_every_worker_process(guessed):
    # Another process has its own connections; the count must reach it.
    another = Database(guessed.engine.url.render_as_string(hide_password=False))
    with another.reading() as session, pytest.raises(TooManyTriesError):
        refuse_if_guessing(session, ADDRESS, NOON)
    another.engine.dispose()


def test_others_and_the_next_hour_are_not_held_back(guessed):
    with guessed.reading() as session:
        refuse_if_guessing(session, "203.0.113.8", NOON)
        refuse_if_guessing(session, ADDRESS, NOON + dt.timedelta(hours=1))


def test_no_address_is_stored_and_the_key_goes_with_its_day(guessed):
    with guessed.reading() as session:
        yesterday = session.scalars(select(LimiterKey)).one()
        attempt = session.scalars(select(Attempt)).one()
        assert ADDRESS.encode() not in attempt.who
    with guessed.writing() as session:
        note_wrong_try(session, ADDRESS, NOON + dt.timedelta(days=1))
    with guessed.reading() as session:
        key = session.scalars(select(LimiterKey)).one()
        assert key.day == dt.date(2026, 11, 3)
        assert key.secret != yesterday.secret
        assert session.scalars(select(Attempt)).one().count == 1
