"""A scanned file that holds what is no sheet is told to be looked at, by whom and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("scan") as scan:
        scan.add_column(sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
        scan.add_column(sa.Column("looked_at_by", sa.Text(), nullable=True))
        scan.create_check_constraint(
            op.f("ck_scan_looked_at"), sa.text("(looked_at IS NULL) = (looked_at_by IS NULL)")
        )


def downgrade() -> None:
    with op.batch_alter_table("scan") as scan:
        scan.drop_constraint(op.f("ck_scan_looked_at"), type_="check")
        scan.drop_column("looked_at_by")
        scan.drop_column("looked_at")
