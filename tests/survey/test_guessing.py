import datetime as dt

import pytest
from sqlalchemy import select

import survey
from survey.database import Database
from survey.guessing import (
    WRONG_TRIES_AN_HOUR,
    EarlierDays,
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


def test_no_address_is_stored(guessed):
    with guessed.reading() as session:
        attempt = session.scalars(select(Attempt)).one()
        assert ADDRESS.encode() not in attempt.who


def test_the_key_goes_with_its_day_although_nobody_guesses_again(guessed):
    earlier_days = EarlierDays(guessed)
    earlier_days.forget(NOON.date())
    with guessed.reading() as session:
        assert session.scalars(select(Attempt)).one().count == WRONG_TRIES_AN_HOUR
    earlier_days.forget(NOON.date() + dt.timedelta(days=1))
    with guessed.reading() as session:
        assert session.scalars(select(LimiterKey)).all() == []
        assert session.scalars(select(Attempt)).all() == []


def test_each_day_has_a_key_of_its_own(guessed):
    with guessed.writing() as session:
        note_wrong_try(session, ADDRESS, NOON + dt.timedelta(days=1))
    with guessed.reading() as session:
        first, second = session.scalars(select(LimiterKey.secret).order_by(LimiterKey.day))
    assert first != second


def test_an_installation_that_starts_forgets_the_days_before(guessed, settings):
    app = survey.create_app(settings)
    app.extensions["beboerpuls"].database.engine.dispose()
    with guessed.reading() as session:
        assert session.scalars(select(LimiterKey)).all() == []
