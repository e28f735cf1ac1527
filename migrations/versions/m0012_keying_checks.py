"""What was found on each pass of a sheet keyed twice, kept when its keyings go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keying_check",
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("by_person", sa.Boolean(), nullable=False),
        sa.Column("keyer_id", sa.Integer(), nullable=True),
        sa.Column("fields", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.CheckConstraint("number IN (1, 2)", name=op.f("ck_keying_check_number")),
        sa.CheckConstraint(
            "by_person = (keyer_id IS NOT NULL)", name=op.f("ck_keying_check_keyer")
        ),
        sa.CheckConstraint("errors BETWEEN 0 AND fields", name=op.f("ck_keying_check_errors")),
        sa.ForeignKeyConstraint(
            ["keyer_id"], ["account.id"], name=op.f("fk_keying_check_keyer_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["sheet.id"], name=op.f("fk_keying_check_sheet_id_sheet")
        ),
        sa.PrimaryKeyConstraint("sheet_id", "number", "by_person", name=op.f("pk_keying_check")),
    )


def downgrade() -> None:
    op.drop_table("keying_check")
