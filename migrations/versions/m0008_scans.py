"""Scanned sheets: files, their pages, blank sheets to read by, and the day when pictures go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SCAN_STATES = ("waiting", "read", "failed")
_OUTCOMES = (
    "read", "kept", "blank", "not_found", "several", "not_straight", "damaged", "unknown_sheet",
    "foreign", "old_version", "void", "twice",
)  # fmt: skip
_READ = "outcome IN ('read', 'kept')"


def upgrade() -> None:
    op.create_table(
        "blank_sheet",
        sa.Column("layout_id", sa.Text(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["layout_id"], ["sheet_layout.id"], name=op.f("fk_blank_sheet_layout_id_sheet_layout")
        ),
        sa.PrimaryKeyConstraint("layout_id", name=op.f("pk_blank_sheet")),
    )
    op.create_table(
        "scan_rules",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("delete_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name=op.f("fk_scan_rules_study_id_study")
        ),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_scan_rules")),
    )
    _make_scan()
    _make_scan_page()


def downgrade() -> None:
    for table in ("scan_page", "scan", "scan_rules", "blank_sheet"):
        op.drop_table(table)


def _make_scan() -> None:
    op.create_table(
        "scan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(_one_of("state", _SCAN_STATES), name=op.f("ck_scan_state")),
        sa.CheckConstraint(
            "(state = 'waiting') = (sealed IS NOT NULL)", name=op.f("ck_scan_sealed")
        ),
        sa.CheckConstraint("(state = 'failed') = (problem <> '')", name=op.f("ck_scan_problem")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_scan_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
    )
    op.create_index(op.f("ix_scan_study_id_digest"), "scan", ["study_id", "digest"])


def _make_scan_page() -> None:
    op.create_table(
        "scan_page",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("layout_id", sa.Text(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=True),
        sa.Column("unsure", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed_readings", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_picture", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(_one_of("outcome", _OUTCOMES), name=op.f("ck_scan_page_outcome")),
        sa.CheckConstraint(
            "outcome NOT IN ('read', 'kept') OR sheet_id IS NOT NULL",
            name=op.f("ck_scan_page_sheet"),
        ),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_scan_page_scan_id_scan")),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["sheet.id"], name=op.f("fk_scan_page_sheet_id_sheet")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_page")),
        sa.UniqueConstraint("scan_id", "number", name=op.f("uq_scan_page_scan_id_number")),
    )
    op.create_index(
        "ix_scan_page_once",
        "scan_page",
        ["sheet_id", "page"],
        unique=True,
        sqlite_where=sa.text(_READ),
        postgresql_where=sa.text(_READ),
    )


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
