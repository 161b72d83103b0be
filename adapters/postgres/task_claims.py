"""TaskClaims in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from adapters.postgres.connection import Connection, compiled
from adapters.postgres.tables import outbox
from adapters.postgres.task_rows import DATABASE_CLOCK, IS_PENDING, UNCLAIMED, task_of
from domain.tasks import OutboxTask, TaskState

_MAX_ERROR_LENGTH = 2000
_ID: Final = sa.bindparam("task", type_=sa.Uuid)
_ATTEMPTS: Final = sa.bindparam("tries", type_=sa.SmallInteger)
# What every mail does.
_CLAIM: Final = compiled(
    sa.update(outbox)
    .where(outbox.c.id == _ID, IS_PENDING, outbox.c.due_at <= sa.bindparam("now"), UNCLAIMED)
    .values(
        claimed_until=sa.bindparam("until"),
        relay_at=sa.bindparam("until"),
        attempts=outbox.c.attempts + sa.literal_column("1"),
    )
    .returning(outbox)
)
_SENDING: Final = compiled(
    sa.update(outbox)
    .where(outbox.c.id == _ID, IS_PENDING, outbox.c.attempts == _ATTEMPTS, outbox.c.claimed_until > DATABASE_CLOCK)
    .values(sending_since=DATABASE_CLOCK)
    .returning(outbox.c.sending_since)
)
_SAVED: Final = {
    "state": sa.bindparam("new_state", type_=sa.Text),
    "done_at": sa.bindparam("done"),
    "due_at": sa.bindparam("due"),
    "relay_at": sa.bindparam("due"),
    "last_error": sa.bindparam("error"),
    "claimed_until": sa.null(),
    "sending_since": sa.bindparam("since"),
}
_SAVE_DONE: Final = compiled(
    sa.update(outbox).where(outbox.c.id == _ID, outbox.c.state != sa.literal_column("'done'")).values(_SAVED)
)
_SAVE: Final = compiled(
    sa.update(outbox).where(outbox.c.id == _ID, IS_PENDING, outbox.c.attempts == _ATTEMPTS).values(_SAVED)
)


def _has(task: OutboxTask) -> sa.ColumnElement[bool]:
    """Whether the claimer still has this task: a later claim counts ``attempts`` up."""
    return sa.and_(outbox.c.id == task.id, IS_PENDING, outbox.c.attempts == task.attempts)


class PostgresTaskClaims:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim(self, task_id: UUID, *, now: datetime, until: datetime) -> OutboxTask | None:
        [rows] = await self._connection.fetch((_CLAIM, {"task": task_id, "now": now, "until": until}), lock=True)
        return task_of(rows[0]) if rows else None

    async def renew(self, task: OutboxTask, *, until: datetime) -> bool:
        return await _change(self._connection, task, {"claimed_until": until, "relay_at": until})

    async def sending(self, task: OutboxTask) -> datetime | None:
        [rows] = await self._connection.fetch((_SENDING, {"task": task.id, "tries": task.attempts}), lock=True)
        since: datetime | None = rows[0]["sending_since"] if rows else None
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
        self._connection.end_soon()  # a worker that freezes must not keep the task from the others
        error = task.last_error[:_MAX_ERROR_LENGTH].replace("\x00", "") if task.last_error else None
        self._connection.write(
            _SAVE_DONE if task.state is TaskState.DONE else _SAVE,
            {
                "task": task.id,
                "tries": task.attempts,
                "new_state": task.state.value,
                "done": task.done_at,
                "due": task.due_at,
                "error": error,
                "since": None if task.state is TaskState.DONE else task.sending_since,
            },
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
