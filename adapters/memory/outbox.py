"""OutboxRepo in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from application.outbox import OutboxTask, TaskKind, TaskState
from application.ports.storage import OutboxCounts

if TYPE_CHECKING:
    from adapters.memory.storage import _Tables


class MemoryOutboxRepo:
    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def add(self, tasks: Iterable[OutboxTask]) -> None:
        for task in tasks:
            self._put(task)

    async def due(self, *, now: datetime, limit: int, kinds: Collection[TaskKind] = frozenset(TaskKind)) -> list[UUID]:
        due = [task for task in self._pending(kinds) if self._tables.relays[task.id] <= now]
        return [task.id for task in sorted(due, key=lambda task: self._tables.relays[task.id])[:limit]]

    async def handed_over(self, task_ids: Collection[UUID], *, again_at: datetime) -> None:
        for task_id in task_ids:
            self._tables.relays[task_id] = max(again_at, self._tables.relays[task_id])

    async def under_way(self, *, now: datetime, until: datetime, kinds: Collection[TaskKind], limit: int) -> int:
        due = [task for task in self._pending(kinds) if task.due_at <= now]
        return len([task for task in due if now < self._tables.relays[task.id] <= until][:limit])

    async def claim(self, task_id: UUID, *, now: datetime, until: datetime) -> OutboxTask | None:
        task = self._tables.outbox.get(task_id)
        if task is None or not self._to_be_had(task, now):
            return None
        claimed = replace(task, attempts=task.attempts + 1)
        self._put(claimed, claimed_until=until)
        return claimed

    async def renew(self, task: OutboxTask, *, until: datetime) -> bool:
        if not self._has(task):
            return False
        self._put(self._tables.outbox[task.id], claimed_until=until)
        return True

    async def sending(self, task: OutboxTask, *, now: datetime) -> bool:
        if not self._has(task):
            return False
        self._tables.outbox[task.id] = replace(self._tables.outbox[task.id], sending_since=now)
        return True

    async def save(self, task: OutboxTask) -> None:
        stored = self._tables.outbox[task.id]
        if self._has(task) or (task.state is TaskState.DONE and stored.state is TaskState.PENDING):
            self._put(replace(task, attempts=stored.attempts, sending_since=None))

    async def postpone(self, task: OutboxTask, *, until: datetime) -> None:
        if self._has(task):
            stored = self._tables.outbox[task.id]
            self._put(replace(stored, due_at=until, attempts=task.attempts - 1))

    async def in_state(self, state: TaskState, *, after: UUID | None, limit: int) -> list[OutboxTask]:
        found = [t for t in self._tables.outbox.values() if t.state is state and (after is None or t.id > after)]
        return sorted(found, key=lambda task: task.id)[:limit]

    async def revive(self, task_ids: Collection[UUID] | None, *, now: datetime) -> list[UUID]:
        dead = [task for task in self._tables.outbox.values() if task.state is TaskState.DEAD]
        revived = [task for task in dead if task_ids is None or task.id in task_ids]
        for task in revived:
            self._put(replace(task, state=TaskState.PENDING, due_at=now, attempts=0))
        return [task.id for task in revived]

    async def announce(self, show_id: UUID, kind: TaskKind, *, details: Mapping[str, str], now: datetime) -> int:
        waiting = {task.order_id for task in self._pending([kind]) if task.attempts == 0}
        order_ids = [order_id for order_id in self._admitting(show_id) if order_id not in waiting]
        for order_id in order_ids:
            self._put(OutboxTask(id=uuid4(), kind=kind, order_id=order_id, due_at=now, details=dict(details)))
        return len(order_ids)

    async def plan_reminders(self, show_id: UUID, *, due_at: datetime | None) -> None:
        for task in self._pending([TaskKind.REMINDER_MAIL]):
            if task.id not in self._tables.claims and self._tables.orders[task.order_id].show_id == show_id:
                del self._tables.outbox[task.id]
        if due_at is not None:
            for order_id in self._admitting(show_id):
                self._put(OutboxTask(id=uuid4(), kind=TaskKind.REMINDER_MAIL, order_id=order_id, due_at=due_at))

    def _put(self, task: OutboxTask, *, claimed_until: datetime | None = None) -> None:
        self._tables.outbox[task.id] = task
        self._tables.relays[task.id] = claimed_until or task.due_at
        if claimed_until is None:
            self._tables.claims.pop(task.id, None)
        else:
            self._tables.claims[task.id] = claimed_until

    def _pending(self, kinds: Collection[TaskKind]) -> list[OutboxTask]:
        return [t for t in self._tables.outbox.values() if t.state is TaskState.PENDING and t.kind in kinds]

    def _has(self, task: OutboxTask) -> bool:
        stored = self._tables.outbox.get(task.id)
        return stored is not None and (stored.state, stored.attempts) == (TaskState.PENDING, task.attempts)

    async def backlog(self, *, now: datetime, until: datetime) -> OutboxCounts:
        pending = [
            task.due_at
            for task in self._pending(frozenset(TaskKind))
            if task.due_at <= now or (task.attempts > 0 and self._tables.relays[task.id] <= until)
        ]
        dead = sum(task.state is TaskState.DEAD for task in self._tables.outbox.values())
        return OutboxCounts(pending=len(pending), dead=dead, oldest_due_at=min(pending, default=None))

    def _to_be_had(self, task: OutboxTask, now: datetime) -> bool:
        claimed_until = self._tables.claims.get(task.id)
        unclaimed = claimed_until is None or claimed_until <= now
        return task.state is TaskState.PENDING and task.due_at <= now and unclaimed

    def _admitting(self, show_id: UUID) -> list[UUID]:
        return [order.id for order in self._tables.orders.values() if order.show_id == show_id and order.success]
