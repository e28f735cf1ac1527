"""Piles of sheets, the rule each is keyed under, and what the rule said in the end."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.studies import Wave
from survey.models.table import Base, one_of

SETTLE_RULES = ("third_person", "second_keyer")
VERDICTS = ("accepted", "full")
_SEEDS = 2**31


def new_seed() -> int:
    """A number that nobody can guess, by which a sample is drawn."""
    return secrets.randbelow(_SEEDS)


def _rules() -> tuple[CheckConstraint, ...]:
    """What holds of a study's rules holds of each batch's own copy."""
    return (
        CheckConstraint("second_keying_share BETWEEN 0 AND 1", name="second_keying_share"),
        CheckConstraint("error_limit > 0 AND error_limit < 1", name="error_limit"),
        CheckConstraint("confidence > 0.5 AND confidence < 1", name="confidence"),
        CheckConstraint(one_of("settle_rule", *SETTLE_RULES), name="settle_rule"),
    )


class PaperRules(Base):
    """What a study's new batches begin with. A study without a row has the defaults."""

    __tablename__ = "paper_rules"
    __table_args__ = _rules()

    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), primary_key=True)
    second_keying_share: Mapped[float] = mapped_column(default=0.0)
    error_limit: Mapped[float] = mapped_column(default=0.01)
    confidence: Mapped[float] = mapped_column(default=0.95)
    settle_rule: Mapped[str] = mapped_column(default="third_person")


class Batch(Base):
    """A pile of sheets keyed under one rule. With no second keying, a keyed sheet is a response.

    Its rule is a copy of the study's, so that no later change of mind alters what was agreed. The
    sample for second keying is drawn once, when the pile is told to be complete, by a seed that the
    batch has from its beginning: neither who keys what first nor the moment of drawing decides of it.
    """

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("wave_id", "name"),
        *_rules(),
        CheckConstraint("drawn IS NULL OR seed IS NOT NULL", name="drawn"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    name: Mapped[str]

    # How carefully it is keyed.
    second_keying_share: Mapped[float] = mapped_column(default=0.0)
    error_limit: Mapped[float] = mapped_column(default=0.01)  # of fields, in the first keying
    confidence: Mapped[float] = mapped_column(default=0.95)  # that the limit is kept
    settle_rule: Mapped[str] = mapped_column(default="third_person")

    # The sample: which sheets, each sheet says itself.
    drawn: Mapped[dt.datetime | None]
    seed: Mapped[int | None] = mapped_column(default=new_seed)  # None: made before batches had one

    wave: Mapped[Wave] = relationship()

    @property
    def samples(self) -> bool:
        """Whether a part of the batch is keyed twice, and neither all nor nothing."""
        return 0 < self.second_keying_share < 1

    @property
    def to_draw(self) -> bool:
        """Whether its sample is still to be drawn."""
        return self.samples and self.drawn is None


class BatchKeyer(Base):
    """Who was handed a batch, for which pass. A pass that nobody was named for is anybody's."""

    __tablename__ = "batch_keyer"
    __table_args__ = (CheckConstraint("number IN (1, 2)", name="number"),)

    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)


class BatchVerdict(Base):
    """What the sample said of a batch: accepted as keyed, or all of it is keyed again. Said once."""

    __tablename__ = "batch_verdict"
    __table_args__ = (
        CheckConstraint(one_of("verdict", *VERDICTS), name="verdict"),
        CheckConstraint("errors BETWEEN 0 AND fields", name="errors"),
        CheckConstraint("upper BETWEEN 0 AND 1", name="upper"),
    )

    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    verdict: Mapped[str]
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    sheets: Mapped[int]  # in the sample
    fields: Mapped[int]  # compared with what was settled
    errors: Mapped[int]  # of the first keying
    upper: Mapped[float]  # the bound on its error rate, at the batch's confidence
