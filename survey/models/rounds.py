"""Rounds of letters and messages: who was written to, and how far an e-mail to each has come."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.models.table import Base, one_of

ROUND_KINDS = ("invitation", "reminder")
MAIL_STATES = ("waiting", "sending", "sent", "refused", "uncertain", "skipped")


class Round(Base):
    """One time of writing to people of a wave. Who is in it is decided once, when it is drawn."""

    __tablename__ = "round"
    __table_args__ = (
        UniqueConstraint("wave_id", "number"),
        CheckConstraint(one_of("kind", *ROUND_KINDS), name="kind"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    number: Mapped[int]
    kind: Mapped[str]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))  # only this one
    drawn: Mapped[dt.date]
    actor: Mapped[str]


class Addressee(Base):
    """An invitation in a round. In a round of reminders it says that somebody had not answered."""

    __tablename__ = "addressee"
    __table_args__ = (
        CheckConstraint("mail IS NULL OR " + one_of("mail", *MAIL_STATES), name="mail"),
        Index(None, "invitation_id"),
    )

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), primary_key=True)
    # An e-mail of this round; empty where none was ordered. `uncertain`: the line broke after the
    # message had been handed over and before the server said that it had it.
    mail: Mapped[str | None]
