import threading

import pytest
from sqlalchemy import select, update

from survey import audit
from survey.database import Database
from survey.models import AuditEntry


@pytest.fixture
def noted(database):
    """A database in which three acts were noted."""
    with database.writing() as session:
        for number in (1, 2, 3):
            audit.note(session, "bodil", "wave opened", f"study wave {number}", languages=["da"])
    return database


def test_a_chain_as_it_was_written_is_whole(noted):
    with noted.reading() as session:
        assert audit.broken_at(session) is None


@pytest.mark.parametrize(
    "change", [{"actor": "nobody"}, {"detail": {"languages": ["en"]}}, {"act": "wave closed"}]
)
def test_a_changed_entry_is_found(noted, change):
    with noted.writing() as session:
        session.execute(update(AuditEntry).where(AuditEntry.number == 2).values(**change))
    with noted.reading() as session:
        assert audit.broken_at(session) == 2


def test_an_entry_taken_out_is_found(noted):
    with noted.writing() as session:
        session.delete(session.get_one(AuditEntry, 2))
    with noted.reading() as session:
        assert audit.broken_at(session) == 2


def test_a_chain_forged_by_whoever_has_the_database_alone_is_found(noted, database_url):
    """They know how hashes are made, and have no key file."""
    forger = Database(database_url, b"a key of their own".ljust(32))
    with forger.writing() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        told = [(one.actor, one.act, one.subject, one.detail) for one in entries]
        for entry in entries:
            session.delete(entry)
        session.flush()
        for _, act, subject, detail in told:
            audit.note(session, "nobody", act, subject, **detail)
    with forger.reading() as session:
        assert audit.broken_at(session) is None
    forger.engine.dispose()
    with noted.reading() as session:
        assert audit.broken_at(session) == 1


def test_the_check_tells_whether_the_log_is_as_it_was_written(noted, commands):
    told = commands.json("audit", "check")
    known = told["last"]
    assert (told["sound"], told["entries"]) == (True, 3)
    assert commands.works("audit", "check") == (
        f"Whole: 3 entries. The last hash, to be kept elsewhere:\n{known}\n"
    )
    with noted.writing() as session:
        session.delete(session.get_one(AuditEntry, 3))
    assert "Whole: 2 entries" in commands.works("audit", "check")
    assert "were cut off at the end" in commands.refused("audit", "check", "--known", known)
    with noted.writing() as session:
        session.execute(update(AuditEntry).where(AuditEntry.number == 1).values(actor="nobody"))
    assert "Entry 1 is not as it was written" in commands.refused("audit", "check")


def test_writers_at_the_same_time_make_one_chain(database):
    def write():
        for _ in range(5):
            with database.writing() as session:
                audit.note(session, "bodil", "act", "subject")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        numbers = session.scalars(select(AuditEntry.number).order_by(AuditEntry.number)).all()
        assert numbers == [*range(1, 21)]
        assert audit.broken_at(session) is None
