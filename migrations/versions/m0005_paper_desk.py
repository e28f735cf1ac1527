"""The paper desk: what happened to a sheet, keyings by a scanner, settling, and batches' rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BEFORE = ("printed", "keyed_once", "keyed_twice", "settled", "void")
_STATES = ("printed", "sent", "returned", "keyed_once", "keyed_twice", "settled", "void")
# What may be written again is the sealing, so that keys can be rotated; nothing else.
_STANDING = {
    "sheet_event": ("id", "sheet_id", "state", "at", "actor", "note"),
    "keying": ("id", "sheet_id", "number", "keyed_by", "keyer_id", "started", "finished"),
    "resolution": ("id", "sheet_id", "decided_by", "at", "differences"),
}


def upgrade() -> None:
    _make_tables()
    with op.batch_alter_table("batch") as batch:
        batch.add_column(
            sa.Column("error_limit", sa.Double(), nullable=False, server_default="0.01")
        )
        batch.add_column(
            sa.Column("confidence", sa.Double(), nullable=False, server_default="0.95")
        )
        batch.add_column(
            sa.Column("settle_rule", sa.Text(), nullable=False, server_default="third_person")
        )
        batch.add_column(sa.Column("drawn", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("seed", sa.Integer(), nullable=True))
        for name, rule in _rules("batch"):
            batch.create_check_constraint(name, sa.text(rule))
        batch.create_check_constraint(
            op.f("ck_batch_drawn"), sa.text("(drawn IS NULL) = (seed IS NULL)")
        )
    # The model fills these in; rows that stood here before have got theirs.
    with op.batch_alter_table("batch") as batch:
        for name in ("error_limit", "confidence", "settle_rule"):
            batch.alter_column(name, server_default=None)
    with op.batch_alter_table("sheet") as sheet:
        sheet.add_column(sa.Column("second_keying", sa.Boolean(), nullable=True))
    _allow(_STATES)
    with op.batch_alter_table("keying") as keying:
        keying.add_column(sa.Column("keyed_by", sa.Text(), nullable=False, server_default="person"))
        keying.alter_column("keyer_id", existing_type=sa.Integer(), nullable=True)
        keying.create_check_constraint(
            op.f("ck_keying_keyed_by"), sa.text("keyed_by IN ('person', 'scanner')")
        )
        keying.create_check_constraint(
            op.f("ck_keying_keyer"), sa.text("keyed_by = 'scanner' OR keyer_id IS NOT NULL")
        )
        keying.create_check_constraint(
            op.f("ck_keying_scanner_first"), sa.text("keyed_by = 'person' OR number = 1")
        )
    with op.batch_alter_table("keying") as keying:
        keying.alter_column("keyed_by", server_default=None)
    _remember()
    _stand()


def downgrade() -> None:
    _let_go()
    # The earlier table has no room for what nobody keyed.
    op.execute(
        "UPDATE sheet SET state = 'printed' WHERE id IN "
        "(SELECT sheet_id FROM keying WHERE keyer_id IS NULL) AND state = 'keyed_once'"
    )
    op.execute("DELETE FROM keying WHERE keyer_id IS NULL")
    with op.batch_alter_table("keying") as keying:
        for name in ("scanner_first", "keyer", "keyed_by"):
            keying.drop_constraint(op.f(f"ck_keying_{name}"), type_="check")
        keying.alter_column("keyer_id", existing_type=sa.Integer(), nullable=False)
        keying.drop_column("keyed_by")
    op.execute("UPDATE sheet SET state = 'printed' WHERE state IN ('sent', 'returned')")
    _allow(_BEFORE)
    with op.batch_alter_table("sheet") as sheet:
        sheet.drop_column("second_keying")
    with op.batch_alter_table("batch") as batch:
        batch.drop_constraint(op.f("ck_batch_drawn"), type_="check")
        for name, _ in _rules("batch"):
            batch.drop_constraint(name, type_="check")
        for column in ("seed", "drawn", "settle_rule", "confidence", "error_limit"):
            batch.drop_column(column)
    op.drop_index(op.f("ix_sheet_event_sheet_id"), "sheet_event")
    for table in ("resolution", "sheet_event", "batch_verdict", "batch_keyer", "paper_rules"):
        op.drop_table(table)


def _rules(table: str) -> list[tuple[str, str]]:
    return [
        (op.f(f"ck_{table}_error_limit"), "error_limit > 0 AND error_limit < 1"),
        (op.f(f"ck_{table}_confidence"), "confidence > 0.5 AND confidence < 1"),
        (op.f(f"ck_{table}_settle_rule"), "settle_rule IN ('third_person', 'second_keyer')"),
    ]


def _make_tables() -> None:
    op.create_table(
        "paper_rules",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("second_keying_share", sa.Double(), nullable=False),
        sa.Column("error_limit", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("settle_rule", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "second_keying_share BETWEEN 0 AND 1", name=op.f("ck_paper_rules_second_keying_share")
        ),
        *(sa.CheckConstraint(rule, name=name) for name, rule in _rules("paper_rules")),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name=op.f("fk_paper_rules_study_id_study")
        ),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_paper_rules")),
    )
    op.create_table(
        "batch_keyer",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("number IN (1, 2)", name=op.f("ck_batch_keyer_number")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_batch_keyer_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_batch_keyer_batch_id_batch")
        ),
        sa.PrimaryKeyConstraint("batch_id", "number", "account_id", name=op.f("pk_batch_keyer")),
    )
    op.create_table(
        "batch_verdict",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("fields", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("upper", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('accepted', 'full')", name=op.f("ck_batch_verdict_verdict")
        ),
        sa.CheckConstraint("errors BETWEEN 0 AND fields", name=op.f("ck_batch_verdict_errors")),
        sa.CheckConstraint("upper BETWEEN 0 AND 1", name=op.f("ck_batch_verdict_upper")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_batch_verdict_batch_id_batch")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch_verdict")),
    )
    named = ", ".join(f"'{state}'" for state in _STATES)
    op.create_table(
        "sheet_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(f"state IN ({named})", name=op.f("ck_sheet_event_state")),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["sheet.id"], name=op.f("fk_sheet_event_sheet_id_sheet")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_event")),
    )
    op.create_index(op.f("ix_sheet_event_sheet_id"), "sheet_event", ["sheet_id"])
    op.create_table(
        "resolution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("differences >= 1", name=op.f("ck_resolution_differences")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["account.id"], name=op.f("fk_resolution_decided_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["sheet.id"], name=op.f("fk_resolution_sheet_id_sheet")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolution")),
        sa.UniqueConstraint("sheet_id", name=op.f("uq_resolution_sheet_id")),
    )


def _allow(states: tuple[str, ...]) -> None:
    named = ", ".join(f"'{state}'" for state in states)
    with op.batch_alter_table("sheet") as sheet:
        sheet.drop_constraint(op.f("ck_sheet_state"), type_="check")
        sheet.create_check_constraint(op.f("ck_sheet_state"), sa.text(f"state IN ({named})"))


def _remember() -> None:
    """Tell of earlier sheets what the tables know: who printed them, and who keyed them."""
    op.execute(
        "INSERT INTO sheet_event (sheet_id, state, at, actor, note) "
        "SELECT printed_sheet.sheet_id, 'printed', print_run.finished, print_run.actor, '' "
        "FROM printed_sheet JOIN print_run ON print_run.id = printed_sheet.print_run_id "
        "WHERE print_run.finished IS NOT NULL ORDER BY print_run.finished, printed_sheet.sheet_id"
    )
    op.execute(
        "INSERT INTO sheet_event (sheet_id, state, at, actor, note) "
        "SELECT keying.sheet_id, "
        "CASE WHEN keying.number = 2 THEN 'keyed_twice' "
        "WHEN sheet.state = 'settled' THEN 'settled' ELSE 'keyed_once' END, "
        "keying.finished, account.name, '' "
        "FROM keying JOIN account ON account.id = keying.keyer_id "
        "JOIN sheet ON sheet.id = keying.sheet_id ORDER BY keying.finished, keying.sheet_id"
    )


def _stand() -> None:
    """Let the database refuse what would overwrite a row that is to stand."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION row_stands() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'a row of % is never overwritten', TG_TABLE_NAME "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    for table, columns in _STANDING.items():
        of = ", ".join(columns)
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_stands BEFORE UPDATE OF {of} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION row_stands()"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_stands BEFORE UPDATE OF {of} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'a row of {table} is never overwritten'); END"
            )


def _let_go() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in _STANDING:
        op.execute(f"DROP TRIGGER {table}_stands" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION row_stands()")
