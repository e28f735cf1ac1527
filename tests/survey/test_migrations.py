import ast
import datetime as dt
from pathlib import Path

import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

import migrations
from survey import schema
from survey.models import Base, Study

VERSIONS = sorted((Path(migrations.__file__).parent / "versions").glob("m*.py"))

DAY, MOMENT = dt.date(2026, 11, 2), dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
ANSWERED, LATER, KEYED = (f"{number:032x}" for number in (1, 2, 3))
# A row in each of the first tables, in the order in which they name each other.
FIRST_ROWS = {
    "account": {"name": "Åse", "folded": "åse", "password": "p", "disabled": False}
    | {"id": 1, "generation": 0},
    "audit_entry": {"number": 1, "at": MOMENT, "actor": "a", "act": "b", "subject": "c"}
    | {"detail": {}, "hash": "h"},
    "key_binding": {"id": 1, "fingerprint": b"f"},
    "limiter_key": {"day": DAY, "secret": b"s"},
    "study": {"id": 1, "key": "puls", "title": "Bopulsen", "sender": "Fonden", "contact": ""},
    "area": {"id": 1, "study_id": 1, "key": "0667-001", "name": "Afdeling", "level": "afdeling"},
    "area_group": {"id": 1, "study_id": 1, "key": "g", "name": "Område", "level": "boligområde"},
    "attempt": {"day": DAY, "hour": 9, "who": b"w", "count": 1},
    "grant": {"id": 1, "account_id": 1, "study_id": 1, "role": "fieldworker"},
    "plan": {"id": 1, "study_id": 1, "key": "p", "name": "Plan", "kind": "helhedsplan"},
    "wave": {"id": 1, "study_id": 1, "number": 1, "status": "open", "opens": DAY}
    | {"legal_basis": "consent", "consent_version": 1, "open_link": False},
    "area_group_member": {"id": 1, "area_group_id": 1, "area_id": 1, "valid_from": DAY},
    "area_plan": {"id": 1, "plan_id": 1, "area_id": 1, "valid_from": DAY},
    "area_status": {"id": 1, "area_id": 1, "status": "udsat område", "valid_from": DAY},
    "batch": {"id": 1, "wave_id": 1, "name": "Bundt", "second_keying_share": 0.0},
    "freeze": {"id": 1, "wave_id": 1, "number": 1, "folder": "f", "content_hash": "h"}
    | {"rows": 1, "revoked": False},
    "invitation": {"id": 1, "wave_id": 1, "area_id": 1, "reference": "R1", "code_hash": b"c"}
    | {"stratum": "", "base_weight": 1.0, "revoked": False},
    "margin": {"id": 1, "wave_id": 1, "area_id": 1, "variable": "v", "category": "c", "count": 1},
    "tombstone": {"wave_id": 1, "row_id": "r"},
    "wave_form": {"wave_id": 1, "pin": {}},
    "contact": {"invitation_id": 1, "key_id": "k", "sealed": b"s"},
    "response": {"id": ANSWERED, "wave_id": 1, "invitation_id": 1, "open_link": False}
    | {"mode": "web", "helper": "none", "language": "da", "day": DAY, "duration_class": 0}
    | {"status": "submitted", "revision": 1, "receipt_hash": b"r", "key_id": "k", "sealed": b"s"},
    "sheet": {"id": 1, "serial": "0000017", "batch_id": 1, "area_id": 1, "invitation_id": 1}
    | {"language": "da", "state": "settled"},
    "keying": {"id": KEYED, "sheet_id": 1, "number": 1, "keyer_id": 1, "finished": MOMENT}
    | {"key_id": "k", "sealed": b"s"},
    "superseded": {"id": LATER, "response_id": ANSWERED, "mode": "web", "day": DAY}
    | {"reason": "already_submitted", "key_id": "k", "sealed": b"s"},
}


@pytest.fixture
def first_rows(empty_database):
    """A database of the first version, with a row in each of its tables."""
    schema.upgrade(empty_database.engine, "0001")
    with empty_database.writing() as session:
        for name, values in FIRST_ROWS.items():
            table = Table(name, MetaData(), autoload_with=session.connection())
            session.execute(table.insert().values(**values))
    return empty_database


def rows_in(database):
    """How many rows each of the first tables holds."""
    with database.reading() as session:
        named = {name: Table(name, MetaData()) for name in FIRST_ROWS}
        counts = {name: select(func.count()).select_from(table) for name, table in named.items()}
        return {name: session.scalar(count) for name, count in counts.items()}


def test_the_first_tables_all_have_a_row(first_rows):
    assert {*FIRST_ROWS, "area_succession", "alembic_version"} == set(
        inspect(first_rows.engine).get_table_names()
    )
    assert set(rows_in(first_rows).values()) == {1}


def test_every_migration_keeps_the_rows_that_were_there_both_ways(first_rows):
    engine = first_rows.engine
    for path in (*VERSIONS[1:], *VERSIONS[-2::-1]):
        revision = path.stem[1:5]
        earlier = revision < current(engine)
        (schema.downgrade if earlier else schema.upgrade)(engine, revision)
        assert set(rows_in(first_rows).values()) == {1}, path.stem


def current(engine):
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def test_a_changed_table_still_refuses_rows_that_name_nothing(first_rows):
    schema.upgrade(first_rows.engine)
    with pytest.raises(IntegrityError), first_rows.writing() as session:
        session.execute(text("DELETE FROM response"))
    assert rows_in(first_rows)["response"] == 1


@pytest.mark.sqlite_file
def test_a_migration_that_would_leave_rows_naming_nothing_changes_nothing(first_rows):
    with first_rows.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("DELETE FROM response")
    with pytest.raises(schema.DanglingRowsError, match="superseded -> response"):
        schema.upgrade(first_rows.engine)
    assert current(first_rows.engine) == "0001"


def test_the_newest_migration_is_what_the_models_say(empty_database):
    schema.upgrade(empty_database.engine)
    assert schema.is_current(empty_database.engine)
    assert schema.differences(empty_database.engine) == []


def test_a_database_without_migrations_is_not_current(empty_database):
    assert not schema.is_current(empty_database.engine)


def test_migrating_again_changes_nothing_and_loses_nothing(empty_database):
    schema.upgrade(empty_database.engine)
    with empty_database.writing() as session:
        session.add(Study(key="puls", title="Bopulsen", sender="Fonden"))
    schema.upgrade(empty_database.engine)
    with empty_database.reading() as session:
        assert session.scalars(select(Study.title)).one() == "Bopulsen"


def test_all_migrations_can_be_undone_with_rows_in_the_tables(empty_database):
    schema.upgrade(empty_database.engine)
    with empty_database.writing() as session:
        session.add(Study(key="puls", title="Bopulsen", sender="Fonden"))
    schema.downgrade(empty_database.engine, "base")
    assert not set(inspect(empty_database.engine).get_table_names()) & set(Base.metadata.tables)
    schema.upgrade(empty_database.engine)
    assert schema.is_current(empty_database.engine)


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_database):
    with empty_database.writing() as session:
        session.execute(text("CREATE TABLE study (in_the_way INTEGER)"))
    with pytest.raises(Exception, match="study"):
        schema.upgrade(empty_database.engine)
    assert inspect(empty_database.engine).get_table_names() == ["study"]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_imports_no_model(path):
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
    }
    assert not {name for name in imported if name and name.startswith(("survey", "instruments"))}
