"""Outbox in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from adapters.postgres.bulk import insert_of, rows_json
from adapters.postgres.connection import Connection
from adapters.postgres.tables import orders, outbox, shows, ticket_attendees
from adapters.postgres.task_rows import IS_PENDING, task_values
from domain.orders import SOLD, AttendeeStatus
from domain.tasks import OutboxTask, TaskKind, TaskState

_WRITTEN = ("id", "kind", "order_id", "due_at", "relay_at", "details", "state", "attempts")


_ADD = insert_of(outbox, "tasks", later=["done_at"])


_ADMITTING = (
    sa.select(orders.c.id.label("order_id"))
    .where(
        orders.c.show_id == sa.bindparam("show_id"),
        orders.c.status.in_(SOLD),
        orders.c.customer_email != "",
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


class PostgresOutbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.added: list[OutboxTask] = []

    async def add(self, tasks: Iterable[OutboxTask]) -> None:
        added = list(tasks)
        self.added += added
        if rows := [task_values(task) for task in added]:
            self._connection.write(_ADD, {"tasks": rows_json(rows)})

    async def is_pending(self, order_id: UUID, kind: TaskKind, details: Mapping[str, str]) -> bool:
        waiting = sa.exists().where(
            outbox.c.order_id == order_id, outbox.c.kind == kind, IS_PENDING, outbox.c.details.contains(dict(details))
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
        tasks = _for_each_order(concerned, kind, details, due_at=now).where(~_waits(concerned, kind))
        added = sa.insert(outbox).from_select(_WRITTEN, tasks).returning(outbox.c.id).cte()
        counted = await self._connection.scalar(sa.select(sa.func.count()).select_from(added), {"show_id": show_id})
        return counted or 0

    async def count_concerned(self, show_id: UUID, kind: TaskKind, *, holding: bool = False) -> int:
        concerned = _HOLDING if holding else _ADMITTING
        count = sa.select(sa.func.count()).select_from(concerned).where(~_waits(concerned, kind))
        return await self._connection.scalar(count, {"show_id": show_id}) or 0

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
                IS_PENDING,
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


def _waits(concerned: sa.Subquery, kind: TaskKind) -> sa.Exists:
    """Whether the order has such a task that no worker has begun."""
    return sa.exists().where(
        outbox.c.order_id == concerned.c.order_id, outbox.c.kind == kind, IS_PENDING, outbox.c.attempts == 0
    )


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
