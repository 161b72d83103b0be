"""AuditLogRepo in memory."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from adapters.memory.tables import Tables
from domain.audit_log import AuditCursor, AuditEntry, AuditFilter


class MemoryAuditLogRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, entry: AuditEntry) -> None:
        self._tables.audit[entry.id] = entry

    async def of_subjects(self, producer_id: UUID, subject_ids: Collection[UUID], *, limit: int) -> list[AuditEntry]:
        found = [
            entry
            for entry in self._tables.audit.values()
            if entry.producer_id == producer_id and entry.subject_id in subject_ids
        ]
        return sorted(found, key=lambda entry: (entry.at, entry.id))[:limit]

    async def page(
        self, producer_id: UUID, *, only: AuditFilter, after: AuditCursor | None, limit: int
    ) -> list[AuditEntry]:
        found = [
            entry
            for entry in self._tables.audit.values()
            if entry.producer_id == producer_id
            and only.action in (None, entry.action)
            and only.subject_id in (None, entry.subject_id)
            and only.show_id in (None, entry.show_id)
            and only.token_id in (None, entry.token_id)
            and only.person_id in (None, entry.person_id)
            and only.device_id in (None, entry.device_id)
            and (only.since is None or entry.at >= only.since)
            and (only.until is None or entry.at < only.until)
            and (after is None or (entry.at, entry.id) < (after.at, after.entry_id))
        ]
        return sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True)[:limit]
