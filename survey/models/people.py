"""Staff, what they may do, what they did, and how often somebody guessed."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from survey.models.table import Base, one_of

ROLES = ("coordinator", "fieldworker", "researcher")


def folded(name: str) -> str:
    """A name without what a keyboard adds: blanks around it, its case, how its letters are composed.

    Here and not in the database: SQLite's lower() knows no æ, ø and å.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())


class Account(Base):
    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # as it was given
    folded: Mapped[str] = mapped_column(unique=True)  # what one signs in with, in any case
    password: Mapped[str]  # argon2id
    disabled: Mapped[bool] = mapped_column(default=False)
    generation: Mapped[int] = mapped_column(default=0)  # of sessions; those of an earlier one ended

    grants: Mapped[list[Grant]] = relationship(back_populates="account")

    @validates("name")
    def _fold(self, _column: str, name: str) -> str:
        self.folded = folded(name)
        return name


class Grant(Base):
    """A role in one study. There is no role that spans studies."""

    __tablename__ = "grant"
    __table_args__ = (
        UniqueConstraint("account_id", "study_id", "role"),
        CheckConstraint(one_of("role", *ROLES), name="role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    role: Mapped[str]

    account: Mapped[Account] = relationship(back_populates="grants")


class AuditEntry(Base):
    """Who did what. Each entry carries the hash of the one before, so that none can be taken out."""

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    act: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
    hash: Mapped[str] = mapped_column(unique=True)


class LimiterKey(Base):
    """The key of one day's guess counters; with it gone, nobody can tell whom they counted."""

    __tablename__ = "limiter_key"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    secret: Mapped[bytes]


class Attempt(Base):
    """How often somebody, known only by a keyed hash, guessed wrong within an hour of a day."""

    __tablename__ = "attempt"

    day: Mapped[dt.date] = mapped_column(ForeignKey("limiter_key.day"), primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True)
    who: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
