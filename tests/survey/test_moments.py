"""Moments are UTC whatever time zone a database server keeps."""

import datetime as dt

import pytest
from sqlalchemy import event, select

from survey import audit
from survey.models import AuditEntry


@pytest.fixture
def copenhagen(database):
    """A database whose server tells moments as clocks in Denmark do."""
    if database.engine.dialect.name == "postgresql":
        event.listen(database.engine, "connect", _in_denmark)
    return database


def _in_denmark(connection, _entry):
    connection.autocommit = True
    connection.execute("SET TIME ZONE 'Europe/Copenhagen'")
    connection.autocommit = False


def test_a_moment_comes_back_in_utc(copenhagen):
    with copenhagen.writing() as session:
        written = audit.note(session, "bodil", "study created", "puls").at
    with copenhagen.reading() as session:
        read = session.scalars(select(AuditEntry.at)).one()
    assert (read, read.tzinfo) == (written, dt.UTC)


def test_the_chain_of_acts_is_whole_whatever_time_zone_the_server_keeps(copenhagen):
    with copenhagen.writing() as session:
        audit.note(session, "bodil", "study created", "puls")
    with copenhagen.reading() as session:
        assert audit.broken_at(session) is None
