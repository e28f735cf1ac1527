"""Rounds of letters and reminders, addresses that bounce, people who want no reminder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("drawn", sa.Date(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('invitation', 'reminder')", name=op.f("ck_round_kind")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_round_number")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_round_wave_id_wave")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_round_area_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("wave_id", "number", name=op.f("uq_round_wave_id_number")),
    )
    op.create_table(
        "addressee",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "mail IS NULL OR mail IN ('waiting', 'sending', 'sent', 'refused', 'uncertain', "
            "'skipped')",
            name=op.f("ck_addressee_mail"),
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["round.id"], name=op.f("fk_addressee_round_id_round")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitation.id"],
            name=op.f("fk_addressee_invitation_id_invitation"),
        ),
        sa.PrimaryKeyConstraint("round_id", "invitation_id", name=op.f("pk_addressee")),
    )
    op.create_index(op.f("ix_addressee_invitation_id"), "addressee", ["invitation_id"])
    with op.batch_alter_table("invitation") as table:
        table.add_column(
            sa.Column("no_reminder", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("contact") as table:
        table.add_column(
            sa.Column("mail_bounced", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    # The models know no default of the server's.
    with op.batch_alter_table("invitation") as table:
        table.alter_column("no_reminder", server_default=None)
    with op.batch_alter_table("contact") as table:
        table.alter_column("mail_bounced", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("contact") as table:
        table.drop_column("mail_bounced")
    with op.batch_alter_table("invitation") as table:
        table.drop_column("no_reminder")
    op.drop_index(op.f("ix_addressee_invitation_id"), "addressee")
    op.drop_table("addressee")
    op.drop_table("round")
