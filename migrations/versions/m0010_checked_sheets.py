"""What a sheet of a sample counted, kept beside it: fields and errors of its first keying."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sheet") as table:
        table.add_column(sa.Column("checked_fields", sa.Integer(), nullable=True))
        table.add_column(sa.Column("checked_errors", sa.Integer(), nullable=True))
        table.create_check_constraint(
            op.f("ck_sheet_checked_together"),
            "(checked_fields IS NULL) = (checked_errors IS NULL)",
        )
        table.create_check_constraint(
            op.f("ck_sheet_checked_errors"), "checked_errors BETWEEN 0 AND checked_fields"
        )


def downgrade() -> None:
    with op.batch_alter_table("sheet") as table:
        table.drop_constraint(op.f("ck_sheet_checked_errors"), type_="check")
        table.drop_constraint(op.f("ck_sheet_checked_together"), type_="check")
        table.drop_column("checked_errors")
        table.drop_column("checked_fields")
