"""OutboxRepo in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.bulk import insert_of, rows_json
from adapters.postgres.connection import Connection
from adapters.postgres.rows import task_of, task_values
from adapters.postgres.tables import outbox
from application.outbox import OutboxTask, TaskState
from application.ports.storage import OutboxCounts

_MAX_ERROR_LENGTH = 2000
_ADD = insert_of(outbox, "tasks")


def _to_be_had(now: datetime) -> sa.ColumnElement[bool]:
    unclaimed = sa.or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= now)
    # Written out as the partial index has it, so that the planner can use the index.
    return sa.and_(sa.text("state = 'pending'"), outbox.c.due_at <= now, unclaimed)


# Two questions, so that the first can be answered from the partial index.
_PENDING = sa.select(sa.func.count().label("count"), sa.func.min(outbox.c.due_at).label("oldest")).where(
    sa.text("state = 'pending'")
)
_DEAD = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state == TaskState.DEAD)


class PostgresOutboxRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, tasks: Iterable[OutboxTask]) -> None:
        if rows := [task_values(task) for task in tasks]:
            self._connection.write(_ADD, {"tasks": rows_json(rows)})

    async def due(self, *, now: datetime, limit: int) -> list[UUID]:
        query = sa.select(outbox.c.id).where(_to_be_had(now)).order_by(outbox.c.due_at).limit(limit)
        return list((await self._connection.scalars(query)).all())

    async def claim(self, task_id: UUID, *, now: datetime, until: datetime) -> OutboxTask | None:
        claimed = await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == task_id, _to_be_had(now))
            .values(claimed_until=until, attempts=outbox.c.attempts + 1)
            .returning(outbox)
        )
        row = claimed.mappings().one_or_none()
        return task_of(row) if row else None

    async def save(self, task: OutboxTask) -> None:
        error = task.last_error[:_MAX_ERROR_LENGTH].replace("\x00", "") if task.last_error else None
        await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == task.id, outbox.c.state == TaskState.PENDING)
            .values(state=task.state, due_at=task.due_at, last_error=error, claimed_until=None)
        )

    async def backlog(self) -> OutboxCounts:
        pending = (await self._connection.execute(_PENDING)).mappings().one()
        dead = (await self._connection.execute(_DEAD)).scalar_one()
        return OutboxCounts(pending=pending["count"], dead=dead, oldest_due_at=pending["oldest"])
