"""Who was invited, what came back, and what must be remembered of it."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.models.table import Base, one_of

OUTCOMES = (
    "refused",
    "moved",
    "unreachable",
    "not_eligible",
    "deceased",
    "undeliverable",
    "withdrawn",
)
MODES = ("web", "paper", "interview")
# The last two tell what was not told: passed over, and never asked, as on paper.
HELPERS = ("none", "present", "helped", "not_answered", "not_asked")


class Invitation(Base):
    """A person or dwelling that may answer once. The code itself is not here, only its keyed hash."""

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("wave_id", "reference"),
        CheckConstraint("base_weight > 0", name="base_weight"),
        CheckConstraint("outcome IS NULL OR " + one_of("outcome", *OUTCOMES), name="outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    reference: Mapped[str]  # the study's own running number; no name, no address
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    stratum: Mapped[str] = mapped_column(default="")
    base_weight: Mapped[float] = mapped_column(default=1.0)
    pseudonym: Mapped[bytes | None]  # HMAC of the study's person key: follows a person over waves
    outcome: Mapped[str | None]
    revoked: Mapped[bool] = mapped_column(default=False)
    no_reminder: Mapped[bool] = mapped_column(default=False)  # they asked not to be reminded


class Contact(Base):
    """How an invited person is reached, with the code so that a reminder can carry it.

    Kept apart and encrypted as one blob; it is deleted before anything else.
    """

    __tablename__ = "contact"

    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), primary_key=True)
    key_id: Mapped[str]
    sealed: Mapped[bytes]
    mail_bounced: Mapped[bool] = mapped_column(default=False)  # e-mail does not reach them


class Response(Base):
    """One person's answers to one form. No time of day and no address stands beside them."""

    __tablename__ = "response"
    __table_args__ = (
        UniqueConstraint("wave_id", "invitation_id"),
        CheckConstraint(one_of("status", "started", "submitted"), name="status"),
        CheckConstraint(one_of("mode", *MODES), name="mode"),
        CheckConstraint(one_of("helper", *HELPERS), name="helper"),
        CheckConstraint("revision >= 0", name="revision"),
        CheckConstraint("duration_class BETWEEN 0 AND 5", name="duration_class"),
        # Without an invitation there is an open link, or a sheet from unassigned stock.
        CheckConstraint("invitation_id IS NULL OR NOT open_link", name="open_link"),
        CheckConstraint(
            "invitation_id IS NOT NULL OR open_link OR mode = 'paper'", name="invited_how"
        ),
        CheckConstraint("(status = 'submitted') = (receipt_hash IS NOT NULL)", name="receipt"),
        Index(None, "receipt_hash", unique=True),
    )

    # Made by the client, version 4 (others carry the time): the same write sent twice is one row.
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))  # unknown on an open link
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"))
    open_link: Mapped[bool] = mapped_column(default=False)

    # How it was answered.
    mode: Mapped[str] = mapped_column(default="web")
    helper: Mapped[str] = mapped_column(default="not_asked")
    language: Mapped[str]
    day: Mapped[dt.date]
    duration_class: Mapped[int] = mapped_column(default=0)  # 0 is not known
    consent_version: Mapped[int | None]

    # Where it stands.
    status: Mapped[str] = mapped_column(default="started")
    revision: Mapped[int] = mapped_column(default=0)
    receipt_hash: Mapped[bytes | None]

    # What was answered: AES-GCM over JSON, bound to this row's id.
    key_id: Mapped[str]
    sealed: Mapped[bytes]


class Superseded(Base):
    """A later or replaced copy of somebody's answers: kept sealed, counted, never merged."""

    __tablename__ = "superseded"
    __table_args__ = (
        CheckConstraint(one_of("mode", *MODES), name="mode"),
        CheckConstraint(one_of("reason", "already_submitted", "replaced_by_paper"), name="reason"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    response_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("response.id"))
    mode: Mapped[str]
    reason: Mapped[str]
    day: Mapped[dt.date]
    key_id: Mapped[str]
    sealed: Mapped[bytes]


class Freeze(Base):
    """A dataset that was written: which, how many rows, and whether it still stands."""

    __tablename__ = "freeze"
    __table_args__ = (UniqueConstraint("wave_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    number: Mapped[int]
    folder: Mapped[str]  # below the data folder, which may be moved
    content_hash: Mapped[str]
    rows: Mapped[int]
    revoked: Mapped[bool] = mapped_column(default=False)


class Tombstone(Base):
    """A row that was withdrawn after it had been frozen: its pseudonymous row id, nothing else."""

    __tablename__ = "tombstone"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    row_id: Mapped[str] = mapped_column(primary_key=True)
