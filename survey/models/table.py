"""What all tables share: the declarative root, and names for every constraint."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.orm import DeclarativeBase


class Moment(TypeDecorator[dt.datetime]):
    """A moment in UTC, whatever the database makes of it.

    SQLite forgets time zones, and PostgreSQL answers in its own: both are put right on reading, for
    a day is taken from a moment, and the audit's hashes are made of it.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: dt.datetime | None, _dialect: Dialect
    ) -> dt.datetime | None:
        if value is not None and value.tzinfo is None:
            msg = f"A moment needs a time zone; {value!r} has none."
            raise ValueError(msg)
        return value and value.astimezone(dt.UTC)

    def process_result_value(
        self, value: dt.datetime | None, _dialect: Dialect
    ) -> dt.datetime | None:
        if value is None or value.tzinfo is None:
            return value and value.replace(tzinfo=dt.UTC)
        return value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        bytes: LargeBinary(),
        uuid.UUID: Uuid(),
        dt.datetime: Moment(),
        dict[str, Any]: JSON(),
    }


def one_of(column: str, *values: str) -> str:
    """SQL for a CHECK that a text column holds one of a few words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def table_of(model: type[Base]) -> Table:
    """A model's table, for statements that need no objects and so cost a third."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is not kept in a table of its own.")
    return table
