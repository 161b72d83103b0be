"""People who work for producers: roles, sessions, links to sign in, invitations and passkeys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_ROLES = "role IN ('owner', 'manager', 'box_office', 'door', 'viewer')"


def upgrade() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("persons_pkey")),
        sa.UniqueConstraint("address", name=op.f("persons_address_key")),
    )
    op.create_table(
        "memberships",
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint(_ROLES, name=op.f("memberships_role_check")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("memberships_producer_id_fkey")),
        _of_a_person("memberships"),
        sa.PrimaryKeyConstraint("producer_id", "person_id", name=op.f("memberships_pkey")),
    )
    op.create_table(
        "office_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("signed_in_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "signed_in_by IN ('link', 'passkey', 'invitation')", name=op.f("office_sessions_signed_in_by_check")
        ),
        _of_a_person("office_sessions"),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("office_sessions_producer_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("office_sessions_pkey")),
        sa.UniqueConstraint("secret_hash", name=op.f("office_sessions_secret_hash_key")),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=True),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        _of_a_person("sign_in_links"),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_links_pkey")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(_ROLES, name=op.f("invitations_role_check")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("invitations_producer_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("invitations_pkey")),
        sa.UniqueConstraint("producer_id", "address", name=op.f("invitations_producer_id_address_key")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        _of_a_person("passkeys"),
        sa.PrimaryKeyConstraint("id", name=op.f("passkeys_pkey")),
        sa.UniqueConstraint("credential_id", name=op.f("passkeys_credential_id_key")),
    )
    op.create_table(
        "passkey_challenges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        _of_a_person("passkey_challenges"),
        sa.PrimaryKeyConstraint("id", name=op.f("passkey_challenges_pkey")),
    )
    for table in _TABLES_OF_PERSONS:
        op.create_index(op.f(f"{table}_person_id_idx"), table, ["person_id"], unique=False)
    op.add_column("audit_log", sa.Column("person_id", sa.Uuid(), nullable=True))


_TABLES_OF_PERSONS = ("memberships", "office_sessions", "sign_in_links", "passkeys", "passkey_challenges")


def _of_a_person(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"{table}_person_id_fkey")
    return sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    op.drop_column("audit_log", "person_id")
    for table in ("invitations", *reversed(_TABLES_OF_PERSONS), "persons"):
        op.drop_table(table)
