"""What was printed, for whom, and where the boxes lie."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sheet_layout",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("large", sa.Boolean(), nullable=False),
        sa.Column("layout", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["wave.id"], name=op.f("fk_sheet_layout_wave_id_wave")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_layout")),
    )
    op.create_table(
        "print_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("layout_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "finished IS NULL OR finished >= started", name=op.f("ck_print_run_finished")
        ),
        sa.CheckConstraint("sheets >= 1", name=op.f("ck_print_run_sheets")),
        sa.ForeignKeyConstraint(
            ["layout_id"], ["sheet_layout.id"], name=op.f("fk_print_run_layout_id_sheet_layout")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_print_run_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_run")),
    )
    op.create_table(
        "printed_sheet",
        sa.Column("print_run_id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["print_run_id"],
            ["print_run.id"],
            name=op.f("fk_printed_sheet_print_run_id_print_run"),
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["sheet.id"], name=op.f("fk_printed_sheet_sheet_id_sheet")
        ),
        sa.PrimaryKeyConstraint("print_run_id", "sheet_id", name=op.f("pk_printed_sheet")),
    )
    op.create_index(op.f("ix_printed_sheet_sheet_id"), "printed_sheet", ["sheet_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_printed_sheet_sheet_id"), "printed_sheet")
    op.drop_table("printed_sheet")
    op.drop_table("print_run")
    op.drop_table("sheet_layout")
