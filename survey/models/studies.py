"""Studies, the areas they follow, and the waves in which they ask."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.table import Base, one_of


class Study(Base):
    __tablename__ = "study"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # short, in commands and folder names
    title: Mapped[str]
    sender: Mapped[str]  # who asks: the name that residents meet
    contact: Mapped[str] = mapped_column(default="")  # how residents reach the sender

    waves: Mapped[list[Wave]] = relationship(back_populates="study", order_by="Wave.number")


class Area(Base):
    """A place as the study counts it, usually an afdeling with its LBF number as text."""

    __tablename__ = "area"
    __table_args__ = (
        UniqueConstraint("study_id", "key"),
        CheckConstraint("dwellings IS NULL OR dwellings >= 0", name="dwellings"),
        CheckConstraint("residents IS NULL OR residents >= 0", name="residents"),
        CheckConstraint(
            "valid_to IS NULL OR valid_from IS NULL OR valid_from <= valid_to", name="valid"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    key: Mapped[str]
    name: Mapped[str]
    level: Mapped[str] = mapped_column(default="afdeling")
    dwellings: Mapped[int | None]
    residents: Mapped[int | None]
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]


class AreaSuccession(Base):
    """An afdeling became another, or part of one: merges and splits are several rows."""

    __tablename__ = "area_succession"
    __table_args__ = (CheckConstraint("from_area_id <> to_area_id", name="changes"),)

    from_area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    to_area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    date: Mapped[dt.date]


class AreaGroup(Base):
    """A boligområde or a plan's area: several afdelinger, counted as one."""

    __tablename__ = "area_group"
    __table_args__ = (UniqueConstraint("study_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    key: Mapped[str]
    name: Mapped[str]
    level: Mapped[str] = mapped_column(default="boligområde")


class AreaGroupMember(Base):
    __tablename__ = "area_group_member"
    __table_args__ = (
        UniqueConstraint("area_group_id", "area_id", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="valid"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    area_group_id: Mapped[int] = mapped_column(ForeignKey("area_group.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]


class AreaStatus(Base):
    """What the state called the area, as from each 1 December: udsat område, parallelsamfund."""

    __tablename__ = "area_status"
    __table_args__ = (UniqueConstraint("area_id", "status", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    status: Mapped[str]
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]


class Plan(Base):
    """What is being evaluated: a helhedsplan, huslejestøtte, anvisning."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("study_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    key: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]


class AreaPlan(Base):
    """Many areas a plan, many plans an area, each from its own day."""

    __tablename__ = "area_plan"
    __table_args__ = (
        UniqueConstraint("plan_id", "area_id", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="valid"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]


class Wave(Base):
    """One round of asking. It pins a form when it opens and becomes a dataset when it is frozen."""

    __tablename__ = "wave"
    __table_args__ = (
        UniqueConstraint("study_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint(one_of("status", "planned", "open", "closed", "frozen"), name="status"),
        CheckConstraint(one_of("legal_basis", "consent", "research"), name="legal_basis"),
        CheckConstraint("status = 'planned' OR opens IS NOT NULL", name="opened"),
        CheckConstraint("closes IS NULL OR opens <= closes", name="closes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    number: Mapped[int]
    status: Mapped[str] = mapped_column(default="planned")
    opens: Mapped[dt.date | None]
    closes: Mapped[dt.date | None]  # the last day of asking, as residents are told
    legal_basis: Mapped[str] = mapped_column(default="consent")
    consent_version: Mapped[int] = mapped_column(default=1)
    open_link: Mapped[bool] = mapped_column(default=False)  # may also be answered without a code

    study: Mapped[Study] = relationship(back_populates="waves")
    form: Mapped[WaveForm | None] = relationship(back_populates="wave")


class WaveForm(Base):
    """The form a wave has pinned: instruments in order, versions, hashes, languages."""

    __tablename__ = "wave_form"

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"), primary_key=True)
    pin: Mapped[dict[str, Any]]

    wave: Mapped[Wave] = relationship(back_populates="form")


def _once(place: str) -> Index:
    """One count a wave, place and category, where a row counts that kind of place."""
    filled = text(f"{place} IS NOT NULL")
    return Index(
        f"ix_margin_once_{place}",
        *("wave_id", place, "variable", "category"),
        unique=True,
        sqlite_where=filled,
        postgresql_where=filled,
    )


class Margin(Base):
    """Register counts that weights are raked to; of one area or one group."""

    __tablename__ = "margin"
    __table_args__ = (
        CheckConstraint("(area_id IS NULL) <> (area_group_id IS NULL)", name="one_place"),
        CheckConstraint("count >= 0", name="count"),
        # Apart, for in a key of both places the empty one would make every row unlike the others.
        _once("area_id"),
        _once("area_group_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    area_group_id: Mapped[int | None] = mapped_column(ForeignKey("area_group.id"))
    variable: Mapped[str]
    category: Mapped[str]
    count: Mapped[int]
    # Whether the variable's categories have an order, in which thin ones are joined.
    ordered: Mapped[bool] = mapped_column(default=False)
