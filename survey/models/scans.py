"""Scanned sheets: the files that came, the pages in them, and until when pictures are kept."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.paper import Sheet
from survey.models.table import Base, one_of

SCAN_STATES = ("waiting", "read", "failed")
OUTCOMES = (
    "read",  # a page of a sheet, and there is what it says
    "kept",  # one too, of a sheet that was keyed before: its picture shows when settling
    "blank",
    "not_found",  # no page, or none whose code can be read
    "several",  # more than one page on one picture
    "not_straight",  # its code is read, and the print is not where it should be
    "damaged",  # the file's page could not be opened
    "unknown_sheet",  # a number that was never printed
    "foreign",  # another study's
    "old_version",  # printed by a layout that this sheet does not have
    "void",
    "twice",
)


class BlankSheet(Base):
    """A layout's pages as PDF, with nobody's number: what was printed is told from what was added."""

    __tablename__ = "blank_sheet"

    layout_id: Mapped[str] = mapped_column(ForeignKey("sheet_layout.id"), primary_key=True)
    pdf: Mapped[bytes]


class ScanRules(Base):
    """The day from which a study's scanned pictures are gone. Without one nothing is scanned."""

    __tablename__ = "scan_rules"

    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), primary_key=True)
    delete_on: Mapped[dt.date]


class Scan(Base):
    """An uploaded file. It waits sealed until it is read; then only its pages are kept.

    People know it by its number: what it was called may hold somebody's name.
    """

    __tablename__ = "scan"
    __table_args__ = (
        CheckConstraint(one_of("state", *SCAN_STATES), name="state"),
        # A file that was read is gone.
        CheckConstraint("(state = 'waiting') = (sealed IS NOT NULL)", name="sealed"),
        CheckConstraint("(state = 'failed') = (problem <> '')", name="problem"),
        CheckConstraint("(looked_at IS NULL) = (looked_at_by IS NULL)", name="looked_at"),
        Index(None, "study_id", "digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    actor: Mapped[str]
    at: Mapped[dt.datetime]
    size: Mapped[int]
    digest: Mapped[str]  # SHA-256 of the file: the same one twice is told
    state: Mapped[str] = mapped_column(default="waiting")
    problem: Mapped[str] = mapped_column(default="")
    key_id: Mapped[str]
    sealed: Mapped[bytes | None]

    # What is no sheet in it, or the whole of it, somebody has seen and done something about.
    looked_at: Mapped[dt.datetime | None]
    looked_at_by: Mapped[str | None]

    pages: Mapped[list[ScanPage]] = relationship(back_populates="scan", order_by="ScanPage.number")


class ScanPage(Base):
    """A page of a file: what it turned out to be, what it says, its picture. Never overwritten.

    On the study's day the picture goes, and with it what was read; that there was a page stays.
    """

    __tablename__ = "scan_page"
    __table_args__ = (
        UniqueConstraint("scan_id", "number"),
        CheckConstraint(one_of("outcome", *OUTCOMES), name="outcome"),
        CheckConstraint("outcome NOT IN ('read', 'kept') OR sheet_id IS NOT NULL", name="sheet"),
        # A page of a sheet is read once; the same again is told as such.
        Index(
            "ix_scan_page_once",
            "sheet_id",
            "page",
            unique=True,
            sqlite_where=text("outcome IN ('read', 'kept')"),
            postgresql_where=text("outcome IN ('read', 'kept')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"))
    number: Mapped[int]  # in the file, from 1
    outcome: Mapped[str]
    problem: Mapped[str] = mapped_column(default="")
    serial: Mapped[str] = mapped_column(default="")  # what its code says, known or not
    page: Mapped[int | None]
    layout_id: Mapped[str] = mapped_column(default="")
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey("sheet.id"))
    unsure: Mapped[int] = mapped_column(default=0)  # fields that somebody has to look at
    key_id: Mapped[str]
    sealed_readings: Mapped[bytes | None]
    sealed_picture: Mapped[bytes | None]

    scan: Mapped[Scan] = relationship(back_populates="pages")
    sheet: Mapped[Sheet | None] = relationship()
