"""Whoever was not asked who helped, or did not say, had not said that nobody did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEFORE = ("none", "present", "helped")
_AFTER = (*_BEFORE, "not_answered", "not_asked")


def upgrade() -> None:
    _allow(_AFTER)
    # No page had asked before this.
    op.execute("UPDATE response SET helper = 'not_asked' WHERE helper = 'none'")


def downgrade() -> None:
    op.execute("UPDATE response SET helper = 'none' WHERE helper IN ('not_answered', 'not_asked')")
    _allow(_BEFORE)


def _allow(values: tuple[str, ...]) -> None:
    named = ", ".join(f"'{value}'" for value in values)
    with op.batch_alter_table("response") as response:
        response.drop_constraint(op.f("ck_response_helper"), type_="check")
        response.create_check_constraint(
            op.f("ck_response_helper"), sa.text(f"helper IN ({named})")
        )
