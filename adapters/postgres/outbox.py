"""OutboxRepo in PostgreSQL.

The relay looks only at ``relay_at``; a claim or a dispatch postpones it. So one partial index leads to the few tasks
that need a worker, however many are done, and however many reminders wait for next year's shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from adapters.postgres.bulk import insert_of, rows_json
from adapters.postgres.connection import Connection, Row
from adapters.postgres.rows import Values
from adapters.postgres.tables import orders, outbox, shows, ticket_attendees
from application.ports.tasks import DueTasks, OutboxCounts
from domain.orders import SOLD, AttendeeStatus
from domain.tasks import OutboxTask, TaskKind, TaskState

_MAX_ERROR_LENGTH = 2000
_WRITTEN = ("id", "kind", "order_id", "due_at", "relay_at", "details", "state", "attempts")
_ADD = insert_of(outbox, "tasks")
# Written out as in the partial index, so the planner can use it.
_IS_PENDING = sa.text("outbox.state = 'pending'")
_KINDS = sa.bindparam("kinds", type_=sa.ARRAY(sa.Text))
_IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))
_UNCLAIMED = sa.or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= sa.bindparam("now"))
_PERHAPS_SENT = sa.and_(outbox.c.state != TaskState.DONE, outbox.c.sending_since.is_not(None), _UNCLAIMED)
#: Read when the row is written. now() would be the start of the transaction, which may be long ago.
_DATABASE_CLOCK = sa.func.clock_timestamp()
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


_HOLDING = (
    sa.select(orders.c.id.label("order_id"))
    # The first condition as in the partial index: few orders hold tickets at a time.
    .where(sa.text("orders.status IN ('pending', 'processing')"), orders.c.show_id == sa.bindparam("show_id"))
    .subquery()
)


def _has(task: OutboxTask) -> sa.ColumnElement[bool]:
    """Whether the claimer still has this task: a later claim counts ``attempts`` up."""
    return sa.and_(outbox.c.id == task.id, _IS_PENDING, outbox.c.attempts == task.attempts)


# Two conditions, so the partial index can answer the first one. The end of the range is for the index: a million
# reminders of next year lie behind it.
_WAITS = sa.and_(outbox.c.due_at <= sa.bindparam("now"), _UNCLAIMED)
BACKLOG = (
    sa.select(
        outbox.c.kind,
        sa.func.count().label("pending"),
        sa.func.count().filter(_PERHAPS_SENT).label("perhaps_sent"),
        sa.func.count().filter(_WAITS).label("due"),
        sa.func.min(outbox.c.due_at).filter(_WAITS).label("oldest_due_at"),
    )
    .where(
        _IS_PENDING,
        outbox.c.relay_at <= sa.bindparam("until"),
        sa.or_(outbox.c.due_at <= sa.bindparam("now"), outbox.c.attempts > 0),
    )
    .group_by(outbox.c.kind)
)
_DEAD = sa.select(sa.func.count(), sa.func.count(outbox.c.sending_since)).where(outbox.c.state == TaskState.DEAD)


_PENDING_PAYMENTS = (
    sa.select(orders.c.id)
    # The first condition as in the partial index: few orders hold tickets at a time.
    .where(sa.text("orders.status IN ('pending', 'processing') AND orders.status = 'processing'"))
    .where(orders.c.show_id == shows.c.id, ~shows.c.cancelled)
    .where(shows.c.door_time <= sa.bindparam("now"), shows.c.end_time > sa.bindparam("now"))
    .where(
        ~sa.exists().where(outbox.c.order_id == orders.c.id, outbox.c.kind == TaskKind.PENDING_PAYMENT_MAIL),
    )
    .limit(sa.bindparam("count"))
    .subquery()
)
#: Derived from the order's id, so workers that look at the same moment write the same id.
_ONE_ID_AN_ORDER = sa.cast(
    sa.func.md5(sa.literal(TaskKind.PENDING_PAYMENT_MAIL, sa.Text) + sa.cast(_PENDING_PAYMENTS.c.id, sa.Text)), sa.Uuid
)
_NOW = sa.bindparam("now", type_=sa.TIMESTAMP(timezone=True))
_ANNOUNCE_PENDING_PAYMENTS = (
    insert(outbox)
    .from_select(
        _WRITTEN,
        sa.select(
            _ONE_ID_AN_ORDER,
            sa.literal(TaskKind.PENDING_PAYMENT_MAIL, sa.Text),
            _PENDING_PAYMENTS.c.id,
            _NOW,
            _NOW,
            sa.literal({}, JSONB),
            sa.literal(TaskState.PENDING, sa.Text),
            sa.literal(0, sa.SmallInteger),
        ),
    )
    .on_conflict_do_nothing()
    .returning(outbox.c.id)
)


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

    async def sending(self, task: OutboxTask) -> datetime | None:
        since: datetime | None = await self._connection.scalar(
            sa.update(outbox)
            .where(_has(task), outbox.c.claimed_until > _DATABASE_CLOCK)
            .values(sending_since=_DATABASE_CLOCK)
            .returning(outbox.c.sending_since)
        )
        return since

    async def not_sent(self, task: OutboxTask, *, since: datetime) -> None:
        is_theirs = sa.or_(outbox.c.attempts == task.attempts, outbox.c.claimed_until.is_(None))
        await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == task.id, _IS_PENDING, outbox.c.sending_since == since, is_theirs)
            .values(
                sending_since=task.sending_since,
                due_at=sa.func.least(outbox.c.due_at, _DATABASE_CLOCK),
                relay_at=sa.func.least(outbox.c.relay_at, _DATABASE_CLOCK),
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
                due_at=task.due_at,
                relay_at=task.due_at,
                last_error=error,
                claimed_until=None,
                sending_since=None if task.state is TaskState.DONE else task.sending_since,
            )
        )

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

    async def postpone(self, task: OutboxTask, *, until: datetime) -> None:
        await self._change(
            task, {"due_at": until, "relay_at": until, "claimed_until": None, "attempts": task.attempts - 1}
        )

    async def in_state(self, state: TaskState, *, after: UUID | None, limit: int) -> list[OutboxTask]:
        query = sa.select(outbox).where(outbox.c.state == state).order_by(outbox.c.id).limit(limit)
        if after is not None:
            query = query.where(outbox.c.id > after)
        return [task_of(row) for row in (await self._connection.execute(query)).mappings()]

    async def perhaps_sent(self, *, now: datetime, after: UUID | None, limit: int) -> list[OutboxTask]:
        query = sa.select(outbox).where(_PERHAPS_SENT).order_by(outbox.c.id).limit(limit)
        if after is not None:
            query = query.where(outbox.c.id > after)
        return [task_of(row) for row in (await self._connection.execute(query, {"now": now})).mappings()]

    async def requeue(self, task_ids: Collection[UUID] | None, *, now: datetime) -> list[UUID]:
        which = outbox.c.state == TaskState.DEAD
        if task_ids is not None:
            which = sa.and_(outbox.c.id.in_(task_ids), sa.or_(which, _PERHAPS_SENT))
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

    async def is_pending(self, order_id: UUID, kind: TaskKind, details: Mapping[str, str]) -> bool:
        waiting = sa.exists().where(
            outbox.c.order_id == order_id, outbox.c.kind == kind, _IS_PENDING, outbox.c.details.contains(dict(details))
        )
        return bool(await self._connection.scalar(sa.select(waiting)))

    async def discard_dead(self, order_id: UUID, kind: TaskKind) -> None:
        await self._connection.execute(
            sa.update(outbox)
            .where(outbox.c.order_id == order_id, outbox.c.kind == kind, outbox.c.state == TaskState.DEAD)
            .values(state=TaskState.DONE)
        )

    async def announce(
        self, show_id: UUID, kind: TaskKind, *, details: Mapping[str, str], now: datetime, holding: bool = False
    ) -> int:
        concerned = _HOLDING if holding else _ADMITTING
        waiting = sa.exists().where(
            outbox.c.order_id == concerned.c.order_id, outbox.c.kind == kind, _IS_PENDING, outbox.c.attempts == 0
        )
        added = (
            sa.insert(outbox)
            .from_select(_WRITTEN, _for_each_order(concerned, kind, details, due_at=now).where(~waiting))
            .returning(outbox.c.id)
            .cte()
        )
        counted = await self._connection.scalar(sa.select(sa.func.count()).select_from(added), {"show_id": show_id})
        return counted or 0

    async def has(self, order_id: UUID, kind: TaskKind) -> bool:
        found = sa.select(sa.exists().where(outbox.c.order_id == order_id, outbox.c.kind == kind))
        return bool(await self._connection.scalar(found))

    async def announce_pending_payments(self, *, now: datetime, limit: int) -> int:
        added = await self._connection.scalars(_ANNOUNCE_PENDING_PAYMENTS, {"now": now, "count": limit})
        return len(added.all())

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
                sa.insert(outbox).from_select(
                    _WRITTEN, _for_each_order(_ADMITTING, TaskKind.REMINDER_MAIL, {}, due_at=due_at)
                ),
                {"show_id": show_id},
            )

    async def _change(self, task: OutboxTask, values: Mapping[str, Any]) -> bool:
        changed = await self._connection.execute(sa.update(outbox).where(_has(task)).values(values))
        return changed.rowcount == 1


def _for_each_order(
    concerned: sa.Subquery, kind: TaskKind, details: Mapping[str, str], *, due_at: datetime
) -> sa.Select[Any]:
    """The rows of a task for every order concerned, in one statement."""
    when = sa.literal(due_at, sa.TIMESTAMP(timezone=True))
    return sa.select(
        sa.func.gen_random_uuid(),
        sa.literal(kind, sa.Text),
        concerned.c.order_id,
        when,
        when,
        sa.literal(dict(details), JSONB),
        sa.literal(TaskState.PENDING, sa.Text),
        sa.literal(0, sa.SmallInteger),
    )


def task_of(row: Row) -> OutboxTask:
    return OutboxTask(
        id=row["id"],
        kind=TaskKind(row["kind"]),
        order_id=row["order_id"],
        producer_id=row["producer_id"],
        due_at=row["due_at"],
        details=row["details"],
        state=TaskState(row["state"]),
        attempts=row["attempts"],
        last_error=row["last_error"],
        sending_since=row["sending_since"],
    )


def task_values(task: OutboxTask) -> Values:
    return {
        "id": task.id,
        "kind": task.kind,
        "order_id": task.order_id,
        "producer_id": task.producer_id,
        "due_at": task.due_at,
        "relay_at": task.due_at,
        "details": dict(task.details),
        "state": task.state,
        "attempts": task.attempts,
        "last_error": task.last_error,
        "sending_since": task.sending_since,
    }
