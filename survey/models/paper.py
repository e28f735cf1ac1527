"""Paper sheets and what was keyed from them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.batches import Batch
from survey.models.table import Base, one_of

STATES = ("printed", "sent", "returned", "keyed_once", "keyed_twice", "settled", "void")
KEYED_BY = ("person", "scanner")


class Sheet(Base):
    """One printed questionnaire. Its serial, with a check digit, stands on the paper and in its QR."""

    __tablename__ = "sheet"
    __table_args__ = (
        CheckConstraint(one_of("state", *STATES), name="state"),
        CheckConstraint(
            "(checked_fields IS NULL) = (checked_errors IS NULL)", name="checked_together"
        ),
        CheckConstraint("checked_errors BETWEEN 0 AND checked_fields", name="checked_errors"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(unique=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"))
    language: Mapped[str]
    state: Mapped[str] = mapped_column(default="printed")
    # Whether the sample took it; empty until its batch's sample is drawn.
    second_keying: Mapped[bool | None]
    # Of a sheet in the sample, once it is settled: fields of its first keying, and how many were
    # wrong. They are of the work and stay when the keyings go, so that no rate gets better by it.
    checked_fields: Mapped[int | None]
    checked_errors: Mapped[int | None]

    batch: Mapped[Batch] = relationship()
    keyings: Mapped[list[Keying]] = relationship(back_populates="sheet", order_by="Keying.number")
    checks: Mapped[list[KeyingCheck]] = relationship()


class SheetEvent(Base):
    """What a sheet became, by whose hand and when. The database lets no row be changed."""

    __tablename__ = "sheet_event"
    __table_args__ = (CheckConstraint(one_of("state", *STATES), name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), index=True)
    state: Mapped[str]
    at: Mapped[dt.datetime]
    actor: Mapped[str]  # an account's name, an operator's, or "scanner"
    note: Mapped[str] = mapped_column(default="")


class Keying(Base):
    """One pass over one sheet, by one person or by the scanner. Rows are added, never overwritten.

    The scanner's pass is the first or none. Its keyer is whoever decided the fields that it was not
    sure of, and empty where there were none: so that person cannot make the second pass either.
    Times are kept for the work (answers a minute); they never reach a dataset.
    """

    __tablename__ = "keying"
    __table_args__ = (
        UniqueConstraint("sheet_id", "number"),
        # Two passes need two people.
        UniqueConstraint("sheet_id", "keyer_id"),
        CheckConstraint("number IN (1, 2)", name="number"),
        CheckConstraint(one_of("keyed_by", *KEYED_BY), name="keyed_by"),
        CheckConstraint("keyed_by = 'scanner' OR keyer_id IS NOT NULL", name="keyer"),
        CheckConstraint("keyed_by = 'person' OR number = 1", name="scanner_first"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    number: Mapped[int]
    keyed_by: Mapped[str] = mapped_column(default="person")
    keyer_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    started: Mapped[dt.datetime | None]
    finished: Mapped[dt.datetime]
    key_id: Mapped[str]
    sealed: Mapped[bytes]

    sheet: Mapped[Sheet] = relationship(back_populates="keyings")


class KeyingCheck(Base):
    """What was found on a pass of a sheet keyed twice: fields looked over, and how many were wrong.

    It is of the work, and no answer: it stays when the keyings go, so that taking answers back mends
    no keyer's rate. What a person decided for the scanner is a row of that person's. Sheets settled by
    a version without this table have no rows; while their keyings are there they are counted from them.
    """

    __tablename__ = "keying_check"
    __table_args__ = (
        CheckConstraint("number IN (1, 2)", name="number"),
        CheckConstraint("by_person = (keyer_id IS NOT NULL)", name="keyer"),
        CheckConstraint("errors BETWEEN 0 AND fields", name="errors"),
    )

    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)  # the pass
    by_person: Mapped[bool] = mapped_column(primary_key=True)
    keyer_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    fields: Mapped[int]
    errors: Mapped[int]


class Resolution(Base):
    """The third row of a sheet whose two keyings differed: what holds, and why.

    Sealed: the settled values, and field by field both values, the decision and its reason. The two
    keyings stay as they were, and so does this.
    """

    __tablename__ = "resolution"
    __table_args__ = (
        UniqueConstraint("sheet_id"),
        CheckConstraint("differences >= 1", name="differences"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    decided_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[dt.datetime]
    differences: Mapped[int]  # how many fields
    key_id: Mapped[str]
    sealed: Mapped[bytes]


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
