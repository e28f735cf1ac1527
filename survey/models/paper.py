"""Paper sheets and what was keyed from them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.studies import Wave
from survey.models.table import Base, one_of


class Batch(Base):
    """A pile of sheets keyed under one rule. With no second keying, a keyed sheet is a response."""

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("wave_id", "name"),
        CheckConstraint("second_keying_share BETWEEN 0 AND 1", name="second_keying_share"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    name: Mapped[str]
    second_keying_share: Mapped[float] = mapped_column(default=0.0)

    wave: Mapped[Wave] = relationship()


class Sheet(Base):
    """One printed questionnaire. Its serial, with a check digit, stands on the paper and in its QR."""

    __tablename__ = "sheet"
    __table_args__ = (
        CheckConstraint(
            one_of("state", "printed", "keyed_once", "keyed_twice", "settled", "void"),
            name="state",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(unique=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"))
    language: Mapped[str]
    state: Mapped[str] = mapped_column(default="printed")

    batch: Mapped[Batch] = relationship()
    keyings: Mapped[list[Keying]] = relationship(back_populates="sheet", order_by="Keying.number")


class Keying(Base):
    """One pass over one sheet, by one person. Rows are added and never overwritten.

    Times are kept for the work (answers a minute); they never reach a dataset.
    """

    __tablename__ = "keying"
    __table_args__ = (
        UniqueConstraint("sheet_id", "number"),
        # Two passes need two people.
        UniqueConstraint("sheet_id", "keyer_id"),
        CheckConstraint("number IN (1, 2)", name="number"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    number: Mapped[int]
    keyer_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    started: Mapped[dt.datetime | None]
    finished: Mapped[dt.datetime]
    key_id: Mapped[str]
    sealed: Mapped[bytes]

    sheet: Mapped[Sheet] = relationship(back_populates="keyings")


class SheetLayout(Base):
    """Where every box of a printed sheet lies. Scanning reads by it; its id stands in the QR codes."""

    __tablename__ = "sheet_layout"

    id: Mapped[str] = mapped_column(primary_key=True)  # begins the layout's SHA-256
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    language: Mapped[str]
    large: Mapped[bool]
    layout: Mapped[dict[str, Any]]


class PrintRun(Base):
    """Sheets printed together: who, when, how. Not finished: it is under way, or it broke off."""

    __tablename__ = "print_run"
    __table_args__ = (
        CheckConstraint("sheets >= 1", name="sheets"),
        CheckConstraint("finished IS NULL OR finished >= started", name="finished"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    layout_id: Mapped[str] = mapped_column(ForeignKey("sheet_layout.id"))
    actor: Mapped[str]
    started: Mapped[dt.datetime]
    finished: Mapped[dt.datetime | None]
    sheets: Mapped[int]


class PrintedSheet(Base):
    """A sheet in a run; whom it was for is the sheet's invitation. Printed again, it has two rows."""

    __tablename__ = "printed_sheet"
    __table_args__ = (Index(None, "sheet_id"),)

    print_run_id: Mapped[int] = mapped_column(ForeignKey("print_run.id"), primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), primary_key=True)
