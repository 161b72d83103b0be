"""AuditLogRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.bulk import insert_of, rows_json
from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import audit_log
from domain.audit_log import AuditCursor, AuditEntry, AuditFilter

_ADD = insert_of(audit_log, "entries")


class PostgresAuditLogRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, entry: AuditEntry) -> None:
        self._connection.write(_ADD, {"entries": rows_json([audit_entry_values(entry)])})

    async def of_subjects(self, producer_id: UUID, subject_ids: Collection[UUID], *, limit: int) -> list[AuditEntry]:
        table = audit_log.c
        query = (
            sa.select(audit_log)
            .where(table.producer_id == producer_id, table.subject_id.in_(subject_ids))
            .order_by(table.at, table.id)
            .limit(limit)
        )
        return [audit_entry_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def page(
        self, producer_id: UUID, *, only: AuditFilter, after: AuditCursor | None, limit: int
    ) -> list[AuditEntry]:
        table = audit_log.c
        query = (
            sa.select(audit_log)
            .where(table.producer_id == producer_id)
            .order_by(table.at.desc(), table.id.desc())
            .limit(limit)
        )
        for column, wanted in (
            (table.action, only.action),
            (table.subject_id, only.subject_id),
            (table.show_id, only.show_id),
            (table.token_id, only.token_id),
            (table.person_id, only.person_id),
            (table.device_id, only.device_id),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        if only.since is not None:
            query = query.where(table.at >= only.since)
        if only.until is not None:
            query = query.where(table.at < only.until)
        if after is not None:
            last = sa.tuple_(sa.literal(after.at, table.at.type), sa.literal(after.entry_id))
            query = query.where(sa.tuple_(table.at, table.id) < last)
        return [audit_entry_of(row) for row in (await self._connection.execute(query)).mappings()]


def audit_entry_of(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        at=row["at"],
        producer_id=row["producer_id"],
        token_id=row["token_id"],
        actor=row["actor"],
        action=row["action"],
        subject_id=row["subject_id"],
        show_id=row["show_id"],
        before=row["before"],
        after=row["after"],
        person_id=row["person_id"],
        device_id=row["device_id"],
    )


def audit_entry_values(entry: AuditEntry) -> Values:
    return {
        "id": entry.id,
        "at": entry.at,
        "producer_id": entry.producer_id,
        "token_id": entry.token_id,
        "actor": entry.actor,
        "action": entry.action,
        "subject_id": entry.subject_id,
        "show_id": entry.show_id,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "person_id": entry.person_id,
        "device_id": entry.device_id,
    }
