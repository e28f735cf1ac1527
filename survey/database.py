"""Sessions that read and sessions that write, on SQLite and PostgreSQL alike.

SQLite's driver opens transactions by itself and takes the write lock only at the first write,
which loses updates between threads (read, read, write, write). Here a writer says BEGIN IMMEDIATE
before it reads, so that what it read still holds when it writes. On PostgreSQL the writer locks
the rows it is about to change with FOR UPDATE, which SQLite ignores and does not need.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 20
AUDIT_KEY = "audit_key"  # its name in a session's info


class Database:
    """One database and the three ways into it.

    `audit_key` goes with every session, for acts are noted in the session that does them; where
    nothing is noted it can be left out.
    """

    def __init__(self, url: str, audit_key: bytes | None = None) -> None:
        # Room for every thread of a worker; a pool smaller than that only adds waiting.
        # Parameters stay out of errors, and so out of logs: they may be answers, sealed or not.
        options: dict[str, Any] = {"pool_size": 8, "max_overflow": 8, "hide_parameters": True}
        self.engine = create_engine(url, **options)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        with_key = {AUDIT_KEY: audit_key} if audit_key else {}
        self._read = sessionmaker(self.engine, expire_on_commit=False, info=with_key)
        # SQLite's driver, told AUTOCOMMIT, would open transactions by itself when told otherwise.
        alone: dict[str, Any] = {"begins": False}
        if self.engine.dialect.name != "sqlite":
            alone = {"isolation_level": "AUTOCOMMIT"}
        self._look = sessionmaker(
            self.engine.execution_options(**alone), expire_on_commit=False, info=with_key
        )
        self._write = sessionmaker(
            self.engine.execution_options(writes=True), expire_on_commit=False, info=with_key
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that changes nothing: whatever it did is rolled back."""
        with self._read() as session:
            yield session

    @contextmanager
    def looking(self) -> Iterator[Session]:
        """A session whose statements each stand alone: no BEGIN, and no moment that they share."""
        with self._look() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits when its block ends, and stores nothing when it fails."""
        with self._write.begin() as session:
            yield session


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun by us, below
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # WAL's default (NORMAL) may lose the last commits on power loss; ours were acknowledged.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # What somebody withdrew is overwritten, not just forgotten.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("begins", True):
        return
    writes = options.get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
