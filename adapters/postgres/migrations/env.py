"""Runs revisions on the connection that adapters.postgres.schema passes."""

from __future__ import annotations

from alembic import context

from adapters.postgres.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    transaction_per_migration=True,  # a step's locks are released before the next step waits
)
with context.begin_transaction():
    context.run_migrations()
