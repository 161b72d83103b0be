"""TaskQueue in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection
from adapters.postgres.tables import outbox
from adapters.postgres.task_rows import IDS, IS_PENDING, KINDS
from domain.tasks import TaskKind

DUE = (
    sa.select(outbox.c.id)
    .where(IS_PENDING, outbox.c.relay_at <= sa.bindparam("now"), outbox.c.kind == sa.any_(KINDS))
    .order_by(outbox.c.relay_at)
    .limit(sa.bindparam("count"))
)


UNDER_WAY = sa.select(sa.func.count()).select_from(
    sa.select(outbox.c.id)
    .where(
        IS_PENDING,
        outbox.c.relay_at > sa.bindparam("now"),
        outbox.c.relay_at <= sa.bindparam("until"),
        outbox.c.due_at <= sa.bindparam("now"),
        outbox.c.kind == sa.any_(KINDS),
    )
    .limit(sa.bindparam("count"))
    .subquery()
)


class PostgresTaskQueue:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def due(self, *, now: datetime, limit: int, kinds: Collection[TaskKind] = frozenset(TaskKind)) -> list[UUID]:
        parameters = {"now": now, "kinds": list(kinds), "count": limit}
        return list((await self._connection.scalars(DUE, parameters)).all())

    async def dispatched(self, task_ids: Collection[UUID], *, again_at: datetime) -> None:
        await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == sa.any_(IDS), IS_PENDING, outbox.c.relay_at < again_at)
            .values(relay_at=again_at),
            {"ids": list(task_ids)},
        )

    async def under_way(self, *, now: datetime, until: datetime, kinds: Collection[TaskKind], limit: int) -> int:
        parameters = {"now": now, "until": until, "kinds": list(kinds), "count": limit}
        return await self._connection.scalar(UNDER_WAY, parameters) or 0
