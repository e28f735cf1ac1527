"""Files are known by their number: what they were called may hold somebody's name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("scan") as table:
        table.drop_column("name")


def downgrade() -> None:
    with op.batch_alter_table("scan") as table:
        table.add_column(sa.Column("name", sa.Text(), nullable=False, server_default=""))
    # What they were called is gone; their number stands for it, and the models know no default.
    op.execute("UPDATE scan SET name = 'file ' || CAST(id AS TEXT)")
    with op.batch_alter_table("scan") as table:
        table.alter_column("name", server_default=None)
