"""Register counts once a place and category, also in tables where an empty place equals no other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BEFORE = ["wave_id", "area_id", "area_group_id", "variable", "category"]
_PLACES = ("area_id", "area_group_id")


def upgrade() -> None:
    # Two loads at once could have left a count twice; the later one corrected the earlier.
    op.execute(
        "DELETE FROM margin WHERE id NOT IN (SELECT max(id) FROM margin "
        "GROUP BY wave_id, area_id, area_group_id, variable, category)"
    )
    with op.batch_alter_table("margin") as margin:
        margin.drop_constraint(_name(), type_="unique")
    for place in _PLACES:
        op.create_index(
            f"ix_margin_once_{place}",
            "margin",
            ["wave_id", place, "variable", "category"],
            unique=True,
            sqlite_where=sa.text(f"{place} IS NOT NULL"),
            postgresql_where=sa.text(f"{place} IS NOT NULL"),
        )


def downgrade() -> None:
    for place in _PLACES:
        op.drop_index(f"ix_margin_once_{place}", "margin")
    with op.batch_alter_table("margin") as margin:
        margin.create_unique_constraint(_name(), _BEFORE)


def _name() -> str:
    return str(op.f("uq_margin_wave_id_area_id_area_group_id_variable_category"))
