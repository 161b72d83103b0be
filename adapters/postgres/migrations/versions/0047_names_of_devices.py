"""Two devices of a producer that are in use have two names. Of those that have one, the older keeps it."""

from __future__ import annotations

import json
import uuid
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"

#: As domain/devices.py has it.
_LONGEST: Final = 60
_IN_USE = sa.text(
    "SELECT id, producer_id, name, lower(name) AS plain FROM devices WHERE revoked_at IS NULL ORDER BY paired_at, id"
)
_RENAME = sa.text("UPDATE devices SET name = :name WHERE id = :id")
_LOWER = sa.text("SELECT lower(:name)")
_NOTE = sa.text(
    "INSERT INTO audit_log (id, at, producer_id, actor, action, subject_id, before, after) "
    "VALUES (:id, now(), :producer_id, 'upgrade', 'device.renamed', :subject_id, CAST(:before AS jsonb), "
    "CAST(:after AS jsonb))"
)


def upgrade() -> None:
    # The release before this one goes on pairing: no device comes between the look and the index.
    op.execute("LOCK TABLE devices IN SHARE ROW EXCLUSIVE MODE")
    _rename_doubles(op.get_bind())
    op.create_index(
        "devices_name_idx",
        "devices",
        ["producer_id", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def _rename_doubles(connection: sa.Connection) -> None:
    devices = list(connection.execute(_IN_USE))
    taken = {(each.producer_id, each.plain) for each in devices}
    seen: set[tuple[object, str]] = set()
    for each in devices:
        if (each.producer_id, each.plain) not in seen:
            seen.add((each.producer_id, each.plain))
            continue
        number = 2
        while True:
            tail = f" ({number})"
            name = each.name[: _LONGEST - len(tail)].rstrip() + tail
            plain = connection.scalar(_LOWER, {"name": name})
            if (each.producer_id, plain) not in taken:
                break
            number += 1
        taken.add((each.producer_id, plain))
        connection.execute(_RENAME, {"id": each.id, "name": name})
        note = {"producer_id": each.producer_id, "subject_id": each.id}
        texts = {"before": json.dumps({"name": each.name}), "after": json.dumps({"name": name})}
        connection.execute(_NOTE, {"id": uuid.uuid4(), **note, **texts})


def downgrade() -> None:
    op.drop_index("devices_name_idx", table_name="devices")
