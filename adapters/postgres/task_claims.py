"""TaskClaims in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection
from adapters.postgres.tables import outbox
from adapters.postgres.task_rows import DATABASE_CLOCK, IS_PENDING, UNCLAIMED, task_of
from domain.tasks import OutboxTask, TaskState

_MAX_ERROR_LENGTH = 2000


def _has(task: OutboxTask) -> sa.ColumnElement[bool]:
    """Whether the claimer still has this task: a later claim counts ``attempts`` up."""
    return sa.and_(outbox.c.id == task.id, IS_PENDING, outbox.c.attempts == task.attempts)


class PostgresTaskClaims:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim(self, task_id: UUID, *, now: datetime, until: datetime) -> OutboxTask | None:
        claimed = await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == task_id, IS_PENDING, outbox.c.due_at <= now, UNCLAIMED)
            .values(claimed_until=until, relay_at=until, attempts=outbox.c.attempts + 1)
            .returning(outbox),
            {"now": now},
        )
        row = claimed.mappings().one_or_none()
        return task_of(row) if row else None

    async def renew(self, task: OutboxTask, *, until: datetime) -> bool:
        return await _change(self._connection, task, {"claimed_until": until, "relay_at": until})

    async def sending(self, task: OutboxTask) -> datetime | None:
        since: datetime | None = await self._connection.scalar(
            sa.update(outbox)
            .where(_has(task), outbox.c.claimed_until > DATABASE_CLOCK)
            .values(sending_since=DATABASE_CLOCK)
            .returning(outbox.c.sending_since)
        )
        return since

    async def not_sent(self, task: OutboxTask, *, since: datetime) -> None:
        is_theirs = sa.or_(outbox.c.attempts == task.attempts, outbox.c.claimed_until.is_(None))
        await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == task.id, IS_PENDING, outbox.c.sending_since == since, is_theirs)
            .values(
                sending_since=task.sending_since,
                due_at=sa.func.least(outbox.c.due_at, DATABASE_CLOCK),
                relay_at=sa.func.least(outbox.c.relay_at, DATABASE_CLOCK),
            )
        )

    async def save(self, task: OutboxTask) -> None:
        error = task.last_error[:_MAX_ERROR_LENGTH].replace("\x00", "") if task.last_error else None
        is_over = sa.and_(outbox.c.id == task.id, outbox.c.state != TaskState.DONE)
        is_theirs = is_over if task.state is TaskState.DONE else _has(task)
        await self._connection.execute(
            sa.update(outbox)
            .where(is_theirs)
            .values(
                state=task.state,
                done_at=task.done_at,
                due_at=task.due_at,
                relay_at=task.due_at,
                last_error=error,
                claimed_until=None,
                sending_since=None if task.state is TaskState.DONE else task.sending_since,
            )
        )

    async def postpone(self, task: OutboxTask, *, until: datetime) -> None:
        await _change(
            self._connection,
            task,
            {"due_at": until, "relay_at": until, "claimed_until": None, "attempts": task.attempts - 1},
        )


async def _change(connection: Connection, task: OutboxTask, values: Mapping[str, Any]) -> bool:
    changed = await connection.execute(sa.update(outbox).where(_has(task)).values(values))
    return changed.rowcount == 1
