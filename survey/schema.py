"""Brings a database to the schema this version needs, and says what stands between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from survey.models import Base


class DanglingRowsError(Exception):
    """A migration would leave rows that name a row which is not there; nothing was changed."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run all migrations up to a revision, in one transaction. Raises DanglingRowsError."""
    with _changing(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Undo migrations down to a revision; `base` undoes all. Raises DanglingRowsError."""
    with _changing(engine) as connection:
        command.downgrade(_config(connection), revision)


def is_current(engine: Engine) -> bool:
    """Whether the database stands at the newest migration."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current == ScriptDirectory.from_config(_config(None)).get_current_head()


def differences(engine: Engine) -> list[Any]:
    """What the models say and the migrated database does not; empty when they agree."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, Base.metadata)
        return found


@contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    """One transaction in which tables change: all of it, or nothing."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            yield connection
        return
    # SQLite changes a table by copying it, and dropping the old one deletes its rows: refused where
    # other tables name them. The rule can be lifted only before a transaction begins.
    with engine.execution_options(begins=False).connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            _refuse_dangling(connection)
            connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def _refuse_dangling(connection: Connection) -> None:
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if dangling:
        tables = sorted({f"{row[0]} -> {row[2]}" for row in dangling})
        raise DanglingRowsError(
            f"{len(dangling)} rows would name a row that is not there: {', '.join(tables)}. Nothing "
            "was changed. Put back a copy from before the last update, and try again."
        )


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["connection"] = connection
    config.attributes["target_metadata"] = Base.metadata
    return config
