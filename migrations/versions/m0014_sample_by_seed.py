"""A batch's seed stands from its beginning, before its sample is drawn: nothing keyed decides of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rule("drawn IS NULL OR seed IS NOT NULL")


def downgrade() -> None:
    # One that is drawn later gets its seed then, as it did.
    op.execute("UPDATE batch SET seed = NULL WHERE drawn IS NULL")
    _rule("(drawn IS NULL) = (seed IS NULL)")


def _rule(drawn: str) -> None:
    with op.batch_alter_table("batch") as batch:
        batch.drop_constraint(op.f("ck_batch_drawn"), type_="check")
        batch.create_check_constraint(op.f("ck_batch_drawn"), sa.text(drawn))
