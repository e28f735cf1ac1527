"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("folded", name=op.f("uq_account_folded")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_entry_hash")),
    )
    op.create_table(
        "key_binding",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_key_binding_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_binding")),
    )
    op.create_table(
        "limiter_key",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_limiter_key")),
    )
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint("key", name=op.f("uq_study_key")),
    )
    op.create_table(
        "area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("dwellings", sa.Integer(), nullable=True),
        sa.Column("residents", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("dwellings IS NULL OR dwellings >= 0", name=op.f("ck_area_dwellings")),
        sa.CheckConstraint("residents IS NULL OR residents >= 0", name=op.f("ck_area_residents")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from IS NULL OR valid_from <= valid_to",
            name=op.f("ck_area_valid"),
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_area_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
        sa.UniqueConstraint("study_id", "key", name=op.f("uq_area_study_id_key")),
    )
    op.create_table(
        "area_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name=op.f("fk_area_group_study_id_study")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_group")),
        sa.UniqueConstraint("study_id", "key", name=op.f("uq_area_group_study_id_key")),
    )
    op.create_table(
        "attempt",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("who", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["day"], ["limiter_key.day"], name=op.f("fk_attempt_day_limiter_key")
        ),
        sa.PrimaryKeyConstraint("day", "hour", "who", name=op.f("pk_attempt")),
    )
    op.create_table(
        "grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('coordinator', 'fieldworker', 'researcher')", name=op.f("ck_grant_role")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_grant_account_id_account")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_grant_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant")),
        sa.UniqueConstraint(
            "account_id", "study_id", "role", name=op.f("uq_grant_account_id_study_id_role")
        ),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_plan_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("study_id", "key", name=op.f("uq_plan_study_id_key")),
    )
    op.create_table(
        "wave",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opens", sa.Date(), nullable=True),
        sa.Column("closes", sa.Date(), nullable=True),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("consent_version", sa.Integer(), nullable=False),
        sa.Column("open_link", sa.Boolean(), nullable=False),
        sa.CheckConstraint("closes IS NULL OR opens <= closes", name=op.f("ck_wave_closes")),
        sa.CheckConstraint(
            "legal_basis IN ('consent', 'research')", name=op.f("ck_wave_legal_basis")
        ),
        sa.CheckConstraint("status = 'planned' OR opens IS NOT NULL", name=op.f("ck_wave_opened")),
        sa.CheckConstraint(
            "status IN ('planned', 'open', 'closed', 'frozen')", name=op.f("ck_wave_status")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_wave_number")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_wave_study_id_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wave")),
        sa.UniqueConstraint("study_id", "number", name=op.f("uq_wave_study_id_number")),
    )
    op.create_table(
        "area_group_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area_group_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_area_group_member_valid")
        ),
        sa.ForeignKeyConstraint(
            ["area_group_id"],
            ["area_group.id"],
            name=op.f("fk_area_group_member_area_group_id_area_group"),
        ),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("fk_area_group_member_area_id_area")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_group_member")),
        sa.UniqueConstraint(
            "area_group_id",
            "area_id",
            "valid_from",
            name=op.f("uq_area_group_member_area_group_id_area_id_valid_from"),
        ),
    )
    op.create_table(
        "area_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_area_plan_valid")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_area_plan_area_id_area")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_area_plan_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_plan")),
        sa.UniqueConstraint(
            "plan_id", "area_id", "valid_from", name=op.f("uq_area_plan_plan_id_area_id_valid_from")
        ),
    )
    op.create_table(
        "area_status",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_area_status_area_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_status")),
        sa.UniqueConstraint(
            "area_id", "status", "valid_from", name=op.f("uq_area_status_area_id_status_valid_from")
        ),
    )
    op.create_table(
        "area_succession",
        sa.Column("from_area_id", sa.Integer(), nullable=False),
        sa.Column("to_area_id", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.CheckConstraint("from_area_id <> to_area_id", name=op.f("ck_area_succession_changes")),
        sa.ForeignKeyConstraint(
            ["from_area_id"], ["area.id"], name=op.f("fk_area_succession_from_area_id_area")
        ),
        sa.ForeignKeyConstraint(
            ["to_area_id"], ["area.id"], name=op.f("fk_area_succession_to_area_id_area")
        ),
        sa.PrimaryKeyConstraint("from_area_id", "to_area_id", name=op.f("pk_area_succession")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("second_keying_share", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "second_keying_share BETWEEN 0 AND 1", name=op.f("ck_batch_second_keying_share")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_batch_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("wave_id", "name", name=op.f("uq_batch_wave_id_name")),
    )
    op.create_table(
        "freeze",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_freeze_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze")),
        sa.UniqueConstraint("wave_id", "number", name=op.f("uq_freeze_wave_id_number")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("base_weight", sa.Double(), nullable=False),
        sa.Column("pseudonym", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('refused', 'moved', 'unreachable', 'not_eligible', 'deceased', 'undeliverable', 'withdrawn')",
            name=op.f("ck_invitation_outcome"),
        ),
        sa.CheckConstraint("base_weight > 0", name=op.f("ck_invitation_base_weight")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_invitation_area_id_area")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_invitation_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_invitation_code_hash")),
        sa.UniqueConstraint("wave_id", "reference", name=op.f("uq_invitation_wave_id_reference")),
    )
    op.create_table(
        "margin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("area_group_id", sa.Integer(), nullable=True),
        sa.Column("variable", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(area_id IS NULL) <> (area_group_id IS NULL)", name=op.f("ck_margin_one_place")
        ),
        sa.CheckConstraint("count >= 0", name=op.f("ck_margin_count")),
        sa.ForeignKeyConstraint(
            ["area_group_id"], ["area_group.id"], name=op.f("fk_margin_area_group_id_area_group")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_margin_area_id_area")),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_margin_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_margin")),
        sa.UniqueConstraint(
            "wave_id",
            "area_id",
            "area_group_id",
            "variable",
            "category",
            name=op.f("uq_margin_wave_id_area_id_area_group_id_variable_category"),
        ),
    )
    op.create_table(
        "tombstone",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_tombstone_wave_id_wave")),
        sa.PrimaryKeyConstraint("wave_id", "row_id", name=op.f("pk_tombstone")),
    )
    op.create_table(
        "wave_form",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("pin", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_wave_form_wave_id_wave")),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_wave_form")),
    )
    op.create_table(
        "contact",
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_contact_invitation_id_invitation")
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_contact")),
    )
    op.create_table(
        "response",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("invitation_id", sa.Integer(), nullable=True),
        sa.Column("open_link", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("helper", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("duration_class", sa.Integer(), nullable=False),
        sa.Column("consent_version", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("receipt_hash", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(status = 'submitted') = (receipt_hash IS NOT NULL)", name=op.f("ck_response_receipt")
        ),
        sa.CheckConstraint(
            "helper IN ('none', 'present', 'helped')", name=op.f("ck_response_helper")
        ),
        sa.CheckConstraint(
            "invitation_id IS NOT NULL OR open_link OR mode = 'paper'",
            name=op.f("ck_response_invited_how"),
        ),
        sa.CheckConstraint("mode IN ('web', 'paper', 'interview')", name=op.f("ck_response_mode")),
        sa.CheckConstraint("status IN ('started', 'submitted')", name=op.f("ck_response_status")),
        sa.CheckConstraint(
            "duration_class BETWEEN 0 AND 5", name=op.f("ck_response_duration_class")
        ),
        sa.CheckConstraint(
            "invitation_id IS NULL OR NOT open_link", name=op.f("ck_response_open_link")
        ),
        sa.CheckConstraint("revision >= 0", name=op.f("ck_response_revision")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_response_area_id_area")),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_response_invitation_id_invitation")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_response_wave_id_wave")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response")),
        sa.UniqueConstraint(
            "wave_id", "invitation_id", name=op.f("uq_response_wave_id_invitation_id")
        ),
    )
    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_response_receipt_hash"), ["receipt_hash"], unique=True)

    op.create_table(
        "sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('printed', 'keyed_once', 'keyed_twice', 'settled', 'void')",
            name=op.f("ck_sheet_state"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_sheet_area_id_area")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_sheet_batch_id_batch")),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_sheet_invitation_id_invitation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet")),
        sa.UniqueConstraint("serial", name=op.f("uq_sheet_serial")),
    )
    op.create_table(
        "keying",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("keyer_id", sa.Integer(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number IN (1, 2)", name=op.f("ck_keying_number")),
        sa.ForeignKeyConstraint(
            ["keyer_id"], ["account.id"], name=op.f("fk_keying_keyer_id_account")
        ),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_keying_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keying")),
        sa.UniqueConstraint("sheet_id", "keyer_id", name=op.f("uq_keying_sheet_id_keyer_id")),
        sa.UniqueConstraint("sheet_id", "number", name=op.f("uq_keying_sheet_id_number")),
    )
    op.create_table(
        "superseded",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "mode IN ('web', 'paper', 'interview')", name=op.f("ck_superseded_mode")
        ),
        sa.CheckConstraint(
            "reason IN ('already_submitted', 'replaced_by_paper')",
            name=op.f("ck_superseded_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_superseded_response_id_response")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_superseded")),
    )


def downgrade() -> None:
    op.drop_table("superseded")
    op.drop_table("keying")
    op.drop_table("sheet")
    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_response_receipt_hash"))

    op.drop_table("response")
    op.drop_table("contact")
    op.drop_table("wave_form")
    op.drop_table("tombstone")
    op.drop_table("margin")
    op.drop_table("invitation")
    op.drop_table("freeze")
    op.drop_table("batch")
    op.drop_table("area_succession")
    op.drop_table("area_status")
    op.drop_table("area_plan")
    op.drop_table("area_group_member")
    op.drop_table("wave")
    op.drop_table("plan")
    op.drop_table("grant")
    op.drop_table("attempt")
    op.drop_table("area_group")
    op.drop_table("area")
    op.drop_table("study")
    op.drop_table("limiter_key")
    op.drop_table("key_binding")
    op.drop_table("audit_entry")
    op.drop_table("account")
