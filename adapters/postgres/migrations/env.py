"""Runs revisions on the connection that adapters.postgres.schema hands over."""

from __future__ import annotations

from alembic import context

from adapters.postgres.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
