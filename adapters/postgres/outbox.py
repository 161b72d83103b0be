"""OutboxRepo in PostgreSQL.

``relay_at`` is all that the relay looks at: a claim, and handing over, put it off. So one partial index leads to the
few tasks that somebody has to come for, however many are done, and however many reminders wait for next year's shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.bulk import insert_of, rows_json
from adapters.postgres.connection import Connection
from adapters.postgres.rows import task_of, task_values
from adapters.postgres.tables import orders, outbox, ticket_attendees
from application.outbox import OutboxTask, TaskKind, TaskState
from application.ports.storage import OutboxCounts
from domain.orders import SOLD, AttendeeStatus

_MAX_ERROR_LENGTH = 2000
_ADD = insert_of(outbox, "tasks")
# Written out as the partial index has it, so that the planner can use the index.
_IS_PENDING = sa.text("outbox.state = 'pending'")
_KINDS = sa.bindparam("kinds", type_=sa.ARRAY(sa.Text))
_IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))
_UNCLAIMED = sa.or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= sa.bindparam("now"))
DUE = (
    sa.select(outbox.c.id)
    .where(_IS_PENDING, outbox.c.relay_at <= sa.bindparam("now"), outbox.c.kind == sa.any_(_KINDS))
    .order_by(outbox.c.relay_at)
    .limit(sa.bindparam("count"))
)
UNDER_WAY = sa.select(sa.func.count()).select_from(
    sa.select(outbox.c.id)
    .where(
        _IS_PENDING,
        outbox.c.relay_at > sa.bindparam("now"),
        outbox.c.relay_at <= sa.bindparam("until"),
        outbox.c.due_at <= sa.bindparam("now"),
        outbox.c.kind == sa.any_(_KINDS),
    )
    .limit(sa.bindparam("count"))
    .subquery()
)
_ADMITTING = (
    sa.select(orders.c.id.label("order_id"))
    .where(
        orders.c.show_id == sa.bindparam("show_id"),
        orders.c.status.in_(SOLD),
        sa.exists().where(
            ticket_attendees.c.order_id == orders.c.id, ticket_attendees.c.status == AttendeeStatus.VALID
        ),
    )
    .subquery()
)


def _has(task: OutboxTask) -> sa.ColumnElement[bool]:
    """Whether this task is still the claimer's: whoever claimed it after them has counted its attempts up."""
    return sa.and_(outbox.c.id == task.id, _IS_PENDING, outbox.c.attempts == task.attempts)


# Two questions, so that the first can be answered from the partial index.
# The end of the range is for the index: a million reminders of next year lie behind it.
BACKLOG = sa.select(sa.func.count(), sa.func.min(outbox.c.due_at)).where(
    _IS_PENDING,
    outbox.c.relay_at <= sa.bindparam("until"),
    sa.or_(outbox.c.due_at <= sa.bindparam("now"), outbox.c.attempts > 0),
)
_DEAD = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state == TaskState.DEAD)


class PostgresOutboxRepo:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, tasks: Iterable[OutboxTask]) -> None:
        if rows := [task_values(task) for task in tasks]:
            self._connection.write(_ADD, {"tasks": rows_json(rows)})

    async def due(self, *, now: datetime, limit: int, kinds: Collection[TaskKind] = frozenset(TaskKind)) -> list[UUID]:
        parameters = {"now": now, "kinds": list(kinds), "count": limit}
        return list((await self._connection.scalars(DUE, parameters)).all())

    async def handed_over(self, task_ids: Collection[UUID], *, again_at: datetime) -> None:
        await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == sa.any_(_IDS), _IS_PENDING, outbox.c.relay_at < again_at)
            .values(relay_at=again_at),
            {"ids": list(task_ids)},
        )

    async def under_way(self, *, now: datetime, until: datetime, kinds: Collection[TaskKind], limit: int) -> int:
        parameters = {"now": now, "until": until, "kinds": list(kinds), "count": limit}
        return await self._connection.scalar(UNDER_WAY, parameters) or 0

    async def claim(self, task_id: UUID, *, now: datetime, until: datetime) -> OutboxTask | None:
        claimed = await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == task_id, _IS_PENDING, outbox.c.due_at <= now, _UNCLAIMED)
            .values(claimed_until=until, relay_at=until, attempts=outbox.c.attempts + 1)
            .returning(outbox),
            {"now": now},
        )
        row = claimed.mappings().one_or_none()
        return task_of(row) if row else None

    async def renew(self, task: OutboxTask, *, until: datetime) -> bool:
        return await self._change(task, {"claimed_until": until, "relay_at": until})

    async def sending(self, task: OutboxTask, *, now: datetime) -> bool:
        return await self._change(task, {"sending_since": now})

    async def save(self, task: OutboxTask) -> None:
        error = task.last_error[:_MAX_ERROR_LENGTH].replace("\x00", "") if task.last_error else None
        is_theirs = sa.and_(outbox.c.id == task.id, _IS_PENDING) if task.state is TaskState.DONE else _has(task)
        await self._connection.execute(
            sa.update(outbox)
            .where(is_theirs)
            .values(
                state=task.state,
                due_at=task.due_at,
                relay_at=task.due_at,
                last_error=error,
                claimed_until=None,
                sending_since=None,
            )
        )

    async def backlog(self, *, now: datetime, until: datetime) -> OutboxCounts:
        parameters = {"now": now, "until": until}
        pending, oldest_due_at = tuple((await self._connection.execute(BACKLOG, parameters)).one())
        dead = (await self._connection.execute(_DEAD)).scalar_one()
        return OutboxCounts(pending=pending, dead=dead, oldest_due_at=oldest_due_at)

    async def postpone(self, task: OutboxTask, *, until: datetime) -> None:
        await self._change(
            task, {"due_at": until, "relay_at": until, "claimed_until": None, "attempts": task.attempts - 1}
        )

    async def in_state(self, state: TaskState, *, after: UUID | None, limit: int) -> list[OutboxTask]:
        query = sa.select(outbox).where(outbox.c.state == state).order_by(outbox.c.id).limit(limit)
        if after is not None:
            query = query.where(outbox.c.id > after)
        return [task_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def revive(self, task_ids: Collection[UUID] | None, *, now: datetime) -> list[UUID]:
        dead = outbox.c.state == TaskState.DEAD
        revived = await self._connection.scalars(
            sa.update(outbox)
            .where(dead if task_ids is None else sa.and_(dead, outbox.c.id.in_(task_ids)))
            .values(state=TaskState.PENDING, due_at=now, relay_at=now, attempts=0)
            .returning(outbox.c.id)
        )
        return list(revived.all())

    async def announce(self, show_id: UUID, kind: TaskKind, *, details: Mapping[str, str], now: datetime) -> int:
        waiting = sa.exists().where(
            outbox.c.order_id == _ADMITTING.c.order_id, outbox.c.kind == kind, _IS_PENDING, outbox.c.attempts == 0
        )
        added = (
            sa.insert(outbox)
            .from_select(_WRITTEN, _for_each_order(kind, details, due_at=now).where(~waiting))
            .returning(outbox.c.id)
            .cte()
        )
        counted = await self._connection.scalar(sa.select(sa.func.count()).select_from(added), {"show_id": show_id})
        return counted or 0

    async def plan_reminders(self, show_id: UUID, *, due_at: datetime | None) -> None:
        of_the_show = sa.select(orders.c.id).where(orders.c.show_id == show_id)
        await self._connection.execute(
            sa.delete(outbox).where(
                outbox.c.kind == TaskKind.REMINDER_MAIL,
                _IS_PENDING,
                outbox.c.claimed_until.is_(None),
                outbox.c.order_id.in_(of_the_show),
            )
        )
        if due_at is not None:
            await self._connection.execute(
                sa.insert(outbox).from_select(_WRITTEN, _for_each_order(TaskKind.REMINDER_MAIL, {}, due_at=due_at)),
                {"show_id": show_id},
            )

    async def _change(self, task: OutboxTask, values: Mapping[str, Any]) -> bool:
        changed = await self._connection.execute(sa.update(outbox).where(_has(task)).values(values))
        return changed.rowcount == 1


_WRITTEN = ("id", "kind", "order_id", "due_at", "relay_at", "details", "state", "attempts")


def _for_each_order(kind: TaskKind, details: Mapping[str, str], *, due_at: datetime) -> sa.Select[Any]:
    """The rows of a task for every order of a show that admits somebody, in one statement however many there are."""
    when = sa.literal(due_at, sa.TIMESTAMP(timezone=True))
    return sa.select(
        sa.func.gen_random_uuid(),
        sa.literal(kind, sa.Text),
        _ADMITTING.c.order_id,
        when,
        when,
        sa.literal(dict(details), JSONB),
        sa.literal(TaskState.PENDING, sa.Text),
        sa.literal(0, sa.SmallInteger),
    )
