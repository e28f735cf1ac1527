"""Runs migrations on the connection it is handed; see survey.schema. Imports no model."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # For --autogenerate, which compares with the models: survey.schema hands them in.
    target_metadata=context.config.attributes["target_metadata"],
    render_as_batch=True,  # SQLite changes a table by copying it
    # The caller's transaction is the migration's: all of it, or nothing.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
