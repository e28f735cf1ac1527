"""What residents are shown of their wave: opened place by place, once it is frozen."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.studies import Wave
from survey.models.table import Base


class OpenedResult(Base):
    """One place's page of results. It stays when it is closed: its number leads nowhere else."""

    __tablename__ = "opened_result"
    __table_args__ = (
        UniqueConstraint("wave_id", "level", "unit"),
        CheckConstraint("level <> '' AND unit <> ''", name="place"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    level: Mapped[str]  # afdeling, or a group's: as the dataset's measures name them
    unit: Mapped[str]  # the key of the area or group
    name: Mapped[str]
    dataset: Mapped[str]  # hash of the study's dataset that was looked at when it was opened
    figures: Mapped[list[str]] = mapped_column(JSON)  # which items and scales, in order
    told: Mapped[dict[str, int]] = mapped_column(JSON)  # each share's n, as it was first told
    meeting_day: Mapped[dt.date | None]
    meeting_place: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")  # what happens next, in the sender's own words
    open: Mapped[bool] = mapped_column(default=True)

    wave: Mapped[Wave] = relationship()
