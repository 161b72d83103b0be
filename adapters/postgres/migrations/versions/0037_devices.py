"""Devices, the codes that pair them, and scans that came from a device after it was revoked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

_KINDS = "kind IN ('scanner', 'till', 'printer')"


def upgrade() -> None:
    op.create_table(
        "devices",
        *_of_a_device("devices"),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("paired_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.UniqueConstraint("secret_hash", name=op.f("devices_secret_hash_key")),
    )
    op.create_table(
        "pairings",
        *_of_a_device("pairings"),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.UniqueConstraint("code_hash", name=op.f("pairings_code_hash_key")),
    )
    for table in ("devices", "pairings"):
        op.create_index(op.f(f"{table}_producer_id_idx"), table, ["producer_id"], unique=False)
    op.add_column("scans", sa.Column("after_revocation", sa.Boolean(), server_default=sa.false(), nullable=False))


def _of_a_device(table: str) -> list[Any]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("show_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("paired_by", sa.Text(), nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f(f"{table}_kind_check")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f(f"{table}_producer_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"{table}_pkey")),
    ]


def downgrade() -> None:
    op.drop_column("scans", "after_revocation")
    op.drop_table("pairings")
    op.drop_table("devices")
