"""The outbox in memory, for use cases, workers, the relay and operators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from adapters.memory.tables import Tables
from application.notifications.pending_payment import is_unpaid_at_the_doors
from application.ports.system import Clock
from application.ports.tasks import DueTasks, OutboxCounts
from domain.tasks import OutboxTask, TaskKind, TaskState


class _StoredTasks:
    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

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

    def _to_be_had(self, task: OutboxTask, now: datetime) -> bool:
        return task.state is TaskState.PENDING and task.due_at <= now and self._is_unclaimed(task, now)

    def _is_perhaps_sent(self, task: OutboxTask, now: datetime) -> bool:
        is_open = task.state is not TaskState.DONE and task.sending_since is not None
        return is_open and self._is_unclaimed(task, now)

    def _is_unclaimed(self, task: OutboxTask, now: datetime) -> bool:
        claimed_until = self._tables.claims.get(task.id)
        return claimed_until is None or claimed_until <= now


class MemoryOutbox(_StoredTasks):
    def __init__(self, tables: Tables, clock: Clock, new_id: Callable[[], UUID] = uuid4) -> None:
        super().__init__(tables, clock)
        self._new_id = new_id
        self.added: list[OutboxTask] = []

    async def add(self, tasks: Iterable[OutboxTask]) -> None:
        for task in tasks:
            self._put(task)
            self.added.append(task)

    async def is_pending(self, order_id: UUID, kind: TaskKind, details: Mapping[str, str]) -> bool:
        return any(
            task.order_id == order_id and details.items() <= task.details.items() for task in self._pending([kind])
        )

    async def discard_dead(self, order_id: UUID, kind: TaskKind) -> None:
        for task in list(self._tables.outbox.values()):
            if (task.order_id, task.kind, task.state) == (order_id, kind, TaskState.DEAD):
                self._tables.outbox[task.id] = replace(task, state=TaskState.DONE)

    async def announce(
        self, show_id: UUID, kind: TaskKind, *, details: Mapping[str, str], now: datetime, holding: bool = False
    ) -> int:
        order_ids = self._concerned(show_id, kind, holding)
        for order_id in order_ids:
            self._put(OutboxTask(id=self._new_id(), kind=kind, order_id=order_id, due_at=now, details=dict(details)))
        return len(order_ids)

    async def count_concerned(self, show_id: UUID, kind: TaskKind, *, holding: bool = False) -> int:
        return len(self._concerned(show_id, kind, holding))

    def _concerned(self, show_id: UUID, kind: TaskKind, holding: bool) -> list[UUID]:
        waiting = {task.order_id for task in self._pending([kind]) if task.attempts == 0}
        concerned = self._holding(show_id) if holding else self._admitting(show_id)
        return [order_id for order_id in concerned if order_id not in waiting]

    async def announce_pending_payments(self, *, now: datetime, limit: int) -> int:
        kind = TaskKind.PENDING_PAYMENT_MAIL
        told = {task.order_id for task in self._tables.outbox.values() if task.kind is kind}
        unpaid = [
            order.id
            for order in self._tables.orders.values()
            if order.id not in told and is_unpaid_at_the_doors(order, self._tables.shows[order.show_id], now)
        ]
        for order_id in unpaid[:limit]:
            self._put(OutboxTask(id=self._new_id(), kind=kind, order_id=order_id, due_at=now))
        return len(unpaid[:limit])

    async def has(self, order_id: UUID, kind: TaskKind) -> bool:
        return any(task.order_id == order_id and task.kind is kind for task in self._tables.outbox.values())

    async def plan_reminders(self, show_id: UUID, *, due_at: datetime | None) -> None:
        for task in self._pending([TaskKind.REMINDER_MAIL]):
            if task.id not in self._tables.claims and self._tables.orders[task.about_order].show_id == show_id:
                del self._tables.outbox[task.id]
        if due_at is not None:
            for order_id in self._admitting(show_id):
                self._put(OutboxTask(id=self._new_id(), kind=TaskKind.REMINDER_MAIL, order_id=order_id, due_at=due_at))

    def _holding(self, show_id: UUID) -> list[UUID]:
        return [o.id for o in self._tables.orders.values() if o.show_id == show_id and o.holds_tickets]

    def _admitting(self, show_id: UUID) -> list[UUID]:
        orders = [order for order in self._tables.orders.values() if order.show_id == show_id]
        return [order.id for order in orders if order.success and order.customer.email]


class MemoryTaskClaims(_StoredTasks):
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

    async def sending(self, task: OutboxTask) -> datetime | None:
        now, claimed_until = self._clock.now(), self._tables.claims.get(task.id)
        if not self._has(task) or claimed_until is None or claimed_until <= now:
            return None
        self._tables.outbox[task.id] = replace(self._tables.outbox[task.id], sending_since=now)
        return now

    async def not_sent(self, task: OutboxTask, *, since: datetime) -> None:
        stored, now = self._tables.outbox[task.id], self._clock.now()
        is_theirs = stored.attempts == task.attempts or task.id not in self._tables.claims
        if stored.state is TaskState.PENDING and stored.sending_since == since and is_theirs:
            due_at = min(stored.due_at, now)
            self._tables.outbox[task.id] = replace(stored, sending_since=task.sending_since, due_at=due_at)
            self._tables.relays[task.id] = min(self._tables.relays[task.id], now)

    async def save(self, task: OutboxTask) -> None:
        stored = self._tables.outbox[task.id]
        is_done = task.state is TaskState.DONE
        if self._has(task) or (is_done and stored.state is not TaskState.DONE):
            since = None if is_done else task.sending_since
            self._put(replace(task, attempts=stored.attempts, sending_since=since))

    async def postpone(self, task: OutboxTask, *, until: datetime) -> None:
        if self._has(task):
            stored = self._tables.outbox[task.id]
            self._put(replace(stored, due_at=until, attempts=task.attempts - 1))


class MemoryTaskQueue(_StoredTasks):
    async def due(self, *, now: datetime, limit: int, kinds: Collection[TaskKind] = frozenset(TaskKind)) -> list[UUID]:
        due = [task for task in self._pending(kinds) if self._tables.relays[task.id] <= now]
        return [task.id for task in sorted(due, key=lambda task: self._tables.relays[task.id])[:limit]]

    async def dispatched(self, task_ids: Collection[UUID], *, again_at: datetime) -> None:
        for task_id in task_ids:
            self._tables.relays[task_id] = max(again_at, self._tables.relays[task_id])

    async def under_way(self, *, now: datetime, until: datetime, kinds: Collection[TaskKind], limit: int) -> int:
        due = [task for task in self._pending(kinds) if task.due_at <= now]
        return len([task for task in due if now < self._tables.relays[task.id] <= until][:limit])


class MemoryTaskAdmin(_StoredTasks):
    async def of_order(self, order_id: UUID) -> list[OutboxTask]:
        found = [task for task in self._tables.outbox.values() if task.order_id == order_id]
        return sorted(found, key=lambda task: task.id)

    async def in_state(self, state: TaskState, *, after: UUID | None, limit: int) -> list[OutboxTask]:
        found = [t for t in self._tables.outbox.values() if t.state is state and (after is None or t.id > after)]
        return sorted(found, key=lambda task: task.id)[:limit]

    async def perhaps_sent(self, *, now: datetime, after: UUID | None, limit: int) -> list[OutboxTask]:
        found = [t for t in self._tables.outbox.values() if self._is_perhaps_sent(t, now)]
        return sorted((t for t in found if after is None or t.id > after), key=lambda task: task.id)[:limit]

    async def requeue(self, task_ids: Collection[UUID] | None, *, now: datetime) -> list[UUID]:
        revived = [
            task
            for task in self._tables.outbox.values()
            if task.state is TaskState.DEAD or (task_ids is not None and self._is_perhaps_sent(task, now))
            if task_ids is None or task.id in task_ids
        ]
        for task in revived:
            self._put(replace(task, state=TaskState.PENDING, due_at=now, attempts=0, sending_since=None))
        return [task.id for task in revived]

    async def discard(self, task_ids: Collection[UUID] | None) -> list[UUID]:
        dead = [task for task in self._tables.outbox.values() if task.state is TaskState.DEAD]
        discarded = [task for task in dead if task_ids is None or task.id in task_ids]
        for task in discarded:
            self._put(replace(task, state=TaskState.DONE, sending_since=None))
        return [task.id for task in discarded]

    async def backlog(self, *, now: datetime, until: datetime) -> OutboxCounts:
        pending = [
            task
            for task in self._pending(frozenset(TaskKind))
            if task.due_at <= now or (task.attempts > 0 and self._tables.relays[task.id] <= until)
        ]
        dead = [task for task in self._tables.outbox.values() if task.state is TaskState.DEAD]
        due = defaultdict(list)
        for task in pending:
            if self._to_be_had(task, now):
                due[task.kind].append(task.due_at)
        return OutboxCounts(
            pending=len(pending),
            dead=len(dead),
            perhaps_sent=sum(self._is_perhaps_sent(task, now) for task in (*pending, *dead)),
            due={kind: DueTasks(len(moments), min(moments)) for kind, moments in due.items()},
        )
