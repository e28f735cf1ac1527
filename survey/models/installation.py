"""What holds for the whole database."""

from __future__ import annotations

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.models.table import Base


class KeyBinding(Base):
    """Which key file the database was begun with; with another, codes and answers are lost."""

    __tablename__ = "key_binding"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[bytes]
