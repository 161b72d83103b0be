"""LookupRepo in memory."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from adapters.memory.tables import Tables
from domain.email_address import both_forms


class MemoryLookupRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def ask(self, address_hash: bytes, *, now: datetime, not_since: datetime) -> bool:
        if (asked_at := self._tables.lookups.get(address_hash)) and asked_at > not_since:
            return False
        self._tables.lookups[address_hash] = now
        return True

    async def orders_of(self, email: str, *, limit: int) -> list[UUID]:
        found = [o for o in self._tables.orders.values() if o.customer.email.lower() in both_forms(email)]
        return [o.id for o in sorted(found, key=lambda o: (o.created_at, o.id), reverse=True)[:limit]]
