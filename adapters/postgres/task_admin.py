"""TaskAdmin in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection
from adapters.postgres.tables import outbox
from adapters.postgres.task_rows import IS_PENDING, PERHAPS_SENT, UNCLAIMED, task_of
from application.ports.tasks import DueTasks, OutboxCounts
from domain.tasks import OutboxTask, TaskKind, TaskState

# Two conditions, so the partial index can answer the first one. The end of the range is for the index: a million
# reminders of next year lie behind it.
_WAITS = sa.and_(outbox.c.due_at <= sa.bindparam("now"), UNCLAIMED)


BACKLOG = (
    sa.select(
        outbox.c.kind,
        sa.func.count().label("pending"),
        sa.func.count().filter(PERHAPS_SENT).label("perhaps_sent"),
        sa.func.count().filter(_WAITS).label("due"),
        sa.func.min(outbox.c.due_at).filter(_WAITS).label("oldest_due_at"),
    )
    .where(
        IS_PENDING,
        outbox.c.relay_at <= sa.bindparam("until"),
        sa.or_(outbox.c.due_at <= sa.bindparam("now"), outbox.c.attempts > 0),
    )
    .group_by(outbox.c.kind)
)


_DEAD = sa.select(sa.func.count(), sa.func.count(outbox.c.sending_since)).where(outbox.c.state == TaskState.DEAD)


class PostgresTaskAdmin:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def backlog(self, *, now: datetime, until: datetime) -> OutboxCounts:
        parameters = {"now": now, "until": until}
        kinds = (await self._connection.execute(BACKLOG, parameters)).all()
        dead, dead_and_perhaps_sent = tuple((await self._connection.execute(_DEAD)).one())
        return OutboxCounts(
            pending=sum(kind.pending for kind in kinds),
            dead=dead,
            perhaps_sent=sum(kind.perhaps_sent for kind in kinds) + dead_and_perhaps_sent,
            due={TaskKind(kind.kind): DueTasks(kind.due, kind.oldest_due_at) for kind in kinds if kind.due},
        )

    async def of_order(self, order_id: UUID) -> list[OutboxTask]:
        query = sa.select(outbox).where(outbox.c.order_id == order_id).order_by(outbox.c.id)
        return [task_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def in_state(self, state: TaskState, *, after: UUID | None, limit: int) -> list[OutboxTask]:
        query = sa.select(outbox).where(outbox.c.state == state).order_by(outbox.c.id).limit(limit)
        if after is not None:
            query = query.where(outbox.c.id > after)
        return [task_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def perhaps_sent(self, *, now: datetime, after: UUID | None, limit: int) -> list[OutboxTask]:
        query = sa.select(outbox).where(PERHAPS_SENT).order_by(outbox.c.id).limit(limit)
        if after is not None:
            query = query.where(outbox.c.id > after)
        return [task_of(row) for row in (await self._connection.execute(query, {"now": now})).mappings()]

    async def requeue(self, task_ids: Collection[UUID] | None, *, now: datetime) -> list[UUID]:
        which = outbox.c.state == TaskState.DEAD
        if task_ids is not None:
            which = sa.and_(outbox.c.id.in_(task_ids), sa.or_(which, PERHAPS_SENT))
        revived = await self._connection.scalars(
            sa.update(outbox)
            .where(which)
            .values(
                state=TaskState.PENDING, due_at=now, relay_at=now, attempts=0, sending_since=None, claimed_until=None
            )
            .returning(outbox.c.id),
            {"now": now},
        )
        return list(revived.all())

    async def discard(self, task_ids: Collection[UUID] | None) -> list[UUID]:
        which = outbox.c.state == TaskState.DEAD
        if task_ids is not None:
            which = sa.and_(outbox.c.id.in_(task_ids), which)
        discarded = sa.update(outbox).where(which).values(state=TaskState.DONE, sending_since=None)
        return list((await self._connection.scalars(discarded.returning(outbox.c.id))).all())
