"""Exits and re-entries, and what a show allows at its doors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

_BEFORE = "'admitted', 'already_admitted', 'void', 'wrong_show', 'unknown'"
_NOW = "'admitted', 'readmitted', 'already_admitted', 'just_left', 'left', 'not_in', 'void', 'wrong_show', 'unknown'"


def upgrade() -> None:
    for name in ("re_entry", "offline_new_codes"):
        op.add_column("shows", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("scans", sa.Column("direction", sa.Text(), server_default="in", nullable=False))
    op.execute("ALTER TABLE scans ADD CONSTRAINT scans_direction_check CHECK (direction IN ('in', 'out')) NOT VALID")
    _results(_NOW)
    op.execute("ALTER TABLE scans VALIDATE CONSTRAINT scans_direction_check")
    _index("result NOT IN ('admitted', 'readmitted') AND direction = 'in' AND undone_at IS NULL")


def downgrade() -> None:
    op.execute("DELETE FROM scans WHERE direction = 'out' OR result IN ('readmitted', 'just_left')")
    _results(_BEFORE)
    _index("result <> 'admitted' AND undone_at IS NULL")
    op.drop_column("scans", "direction")
    for name in ("offline_new_codes", "re_entry"):
        op.drop_column("shows", name)


def _results(allowed: str) -> None:
    op.drop_constraint(op.f("scans_result_check"), "scans")
    op.execute(f"ALTER TABLE scans ADD CONSTRAINT scans_result_check CHECK (result IN ({allowed})) NOT VALID")
    op.execute("ALTER TABLE scans VALIDATE CONSTRAINT scans_result_check")


def _index(condition: str) -> None:
    with op.get_context().autocommit_block():
        op.drop_index("scans_conflict_idx", table_name="scans", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "scans_conflict_idx",
            "scans",
            ["show_id", "received_at", "id"],
            unique=False,
            postgresql_where=sa.text(condition),
            postgresql_concurrently=True,
        )
