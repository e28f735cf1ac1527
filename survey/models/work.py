"""What is made apart from any page, because it takes longer than somebody waits."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.people import ROLES
from survey.models.studies import Study, Wave
from survey.models.table import Base, one_of

JOB_STATES = ("queued", "running", "done", "failed", "expired")


class Job(Base):
    """Work that somebody ordered, how far it is, and the file that came of it.

    Nothing here names a person who is asked; the file does, and so it lies sealed in the data
    folder under a key of its own, which this row keeps. Without the key nobody reads the file.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(one_of("state", *JOB_STATES), name="state"),
        CheckConstraint(one_of("role", *ROLES), name="role"),
        CheckConstraint("done >= 0", name="done"),
        CheckConstraint("total IS NULL OR done <= total", name="total"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("keeps_hours >= 1", name="keeps_hours"),
        CheckConstraint("(state = 'running') = (worker IS NOT NULL)", name="worker"),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="error"),
        CheckConstraint("sealed_key IS NULL OR state = 'done'", name="file"),
        CheckConstraint("(sealed_key IS NULL) = (key_id IS NULL)", name="file_key"),
        Index(None, "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    wave_id: Mapped[int | None] = mapped_column(ForeignKey("wave.id"))
    role: Mapped[str]  # in the study, of those who see it and take its file
    actor: Mapped[str]
    wanted: Mapped[dict[str, Any]]  # plain values, as the kind of job reads them

    # Where it stands.
    state: Mapped[str] = mapped_column(default="queued")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    counts: Mapped[dict[str, Any]]  # what it found and made, in numbers
    # A message's key, and what is put into it.
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    ordered: Mapped[dt.datetime]
    finished: Mapped[dt.datetime | None]

    # Who works on it; one that has not been seen for a while is taken to be gone.
    worker: Mapped[str | None]
    seen: Mapped[dt.datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)

    # What came of it, and until when it is kept.
    keeps_hours: Mapped[int]
    expires: Mapped[dt.datetime | None]
    file_name: Mapped[str | None]
    media_type: Mapped[str | None]
    size: Mapped[int | None]  # bytes, unsealed
    place: Mapped[str | None]  # the sealed file's name in the folder of jobs
    key_id: Mapped[str | None]
    sealed_key: Mapped[bytes | None]

    study: Mapped[Study] = relationship()
    wave: Mapped[Wave | None] = relationship()
