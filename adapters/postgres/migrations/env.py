"""Runs revisions on the connection that adapters.postgres.schema hands over."""

from __future__ import annotations

from alembic import context

from adapters.postgres.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    transaction_per_migration=True,  # what one step has locked is free before the next one waits
)
with context.begin_transaction():
    context.run_migrations()
