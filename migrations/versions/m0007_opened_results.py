"""Pages of results for residents, opened place by place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opened_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("meeting_day", sa.Date(), nullable=True),
        sa.Column("meeting_place", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.CheckConstraint("level <> '' AND unit <> ''", name=op.f("ck_opened_result_place")),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_opened_result_wave_id_wave")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opened_result")),
        sa.UniqueConstraint(
            "wave_id", "level", "unit", name=op.f("uq_opened_result_wave_id_level_unit")
        ),
    )


def downgrade() -> None:
    op.drop_table("opened_result")
