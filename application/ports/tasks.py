"""Tasks: work to do after a commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.tasks import OutboxTask, TaskKind, TaskState


@dataclass(frozen=True, slots=True)
class DueTasks:
    """How many tasks of a kind are due and wait for a worker, and how long the oldest has waited."""

    count: int
    oldest_due_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many tasks are pending, and how many were given up; by kind, those that wait for a worker now.

    ``perhaps_sent`` counts the tasks of both sorts whose mail the mail server has perhaps accepted.
    """

    pending: int
    dead: int
    perhaps_sent: int
    due: Mapping[TaskKind, DueTasks]


class Outbox(Protocol):
    """Tasks for use cases, which write them in their transaction (docs/domain-rules.md#work-after-a-commit)."""

    @property
    def added(self) -> Sequence[OutboxTask]:
        """The tasks that were added one by one in this unit of work; those of ``announce`` and the like are not."""
        ...

    async def add(self, tasks: Iterable[OutboxTask]) -> None: ...

    async def is_pending(self, order_id: UUID, kind: TaskKind, details: Mapping[str, str]) -> bool:
        """Whether such a task about the order, with at least these details, is still to be done."""
        ...

    async def discard_dead(self, order_id: UUID, kind: TaskKind) -> None:
        """Mark dead tasks of this kind about the order as done: there is nothing left for them to do."""
        ...

    async def announce(
        self, show_id: UUID, kind: TaskKind, *, details: Mapping[str, str], now: datetime, holding: bool = False
    ) -> int:
        """Add a task for every order of the show that still admits a person and has an address (``holding``: that holds
        tickets and is not paid), unless it has such a task waiting. Returns how many.
        """
        ...

    async def count_concerned(self, show_id: UUID, kind: TaskKind, *, holding: bool = False) -> int:
        """How many tasks ``announce`` would add now."""
        ...

    async def has(self, order_id: UUID, kind: TaskKind) -> bool:
        """Whether the order ever had such a task."""
        ...

    async def announce_pending_payments(self, *, now: datetime, limit: int) -> int:
        """Add a PENDING_PAYMENT_MAIL for orders whose payment is still processing while the doors are open: one for
        each order, ever. Returns how many are new.
        """
        ...

    async def plan_reminders(self, show_id: UUID, *, due_at: datetime | None) -> None:
        """Remind the orders of the show that still admit a person, and have an address, at ``due_at`` (None: not at
        all).

        A reminder that a worker has begun to send stays unchanged.
        """
        ...


class TaskClaims(Protocol):
    """Tasks for the worker that does one."""

    async def claim(self, task_id: UUID, *, now: datetime, until: datetime) -> OutboxTask | None:
        """The task, claimed for the caller until ``until``, its attempts counted up; None if it is unavailable."""
        ...

    async def renew(self, task: OutboxTask, *, until: datetime) -> bool:
        """Extend the claim of a task. False if the claim is lost: the task is done, or another worker has it."""
        ...

    async def sending(self, task: OutboxTask) -> datetime | None:
        """Note that the content of a claimed task's mail now goes to the mail server. Returns when, by the store's
        clock.

        None, and nothing is noted, if by that clock the claim is over, or if another worker has it. The statement that
        writes the note checks clock and claim, so no pause in between can let two workers send.
        """
        ...

    async def not_sent(self, task: OutboxTask, *, since: datetime) -> None:
        """Take back the note of ``since``: its writer says that the mail was not sent.

        If another worker has found the note and put the task off, the task is due at once.
        """
        ...

    async def save(self, task: OutboxTask) -> None:
        """Write the outcome of a claimed task, ``sending_since`` included, and release the claim.

        "Done" counts from any worker; any other outcome only from the one with the claim.
        """
        ...

    async def postpone(self, task: OutboxTask, *, until: datetime) -> None:
        """Release the claim of a task that could not be begun; the try does not count."""
        ...


class TaskQueue(Protocol):
    """Tasks for the relay: what is due, and what was dispatched."""

    async def due(self, *, now: datetime, limit: int, kinds: Collection[TaskKind] = frozenset(TaskKind)) -> list[UUID]:
        """Due tasks that no worker has and that were not dispatched lately; longest due first."""
        ...

    async def dispatched(self, task_ids: Collection[UUID], *, again_at: datetime) -> None:
        """Hide these tasks from ``due`` until ``again_at``. They can still be claimed."""
        ...

    async def under_way(self, *, now: datetime, until: datetime, kinds: Collection[TaskKind], limit: int) -> int:
        """How many due tasks are dispatched or claimed until ``until`` at the longest, counted up to ``limit``."""
        ...


class TaskAdmin(Protocol):
    """Tasks for an operator."""

    async def in_state(self, state: TaskState, *, after: UUID | None, limit: int) -> list[OutboxTask]:
        """Tasks in this state, in the order of their ids, from the one after ``after``."""
        ...

    async def perhaps_sent(self, *, now: datetime, after: UUID | None, limit: int) -> list[OutboxTask]:
        """Tasks that are not done, whose mail was perhaps sent, and that no worker has, in the same order."""
        ...

    async def of_order(self, order_id: UUID) -> list[OutboxTask]:
        """All tasks about the order that are still kept, in the order of their ids."""
        ...

    async def requeue(self, task_ids: Collection[UUID] | None, *, now: datetime) -> list[UUID]:
        """Give dead tasks, the given or all, their full number of tries from ``now``. Returns which.

        Tasks of ``task_ids`` whose mail was perhaps sent are included.
        """
        ...

    async def discard(self, task_ids: Collection[UUID] | None) -> list[UUID]:
        """Mark dead tasks, the given or all, as done, though nothing was done. Returns which."""
        ...

    async def backlog(self, *, now: datetime, until: datetime) -> OutboxCounts:
        """The tasks that are due, those that wait for another try at ``until`` at the latest, and those given up."""
        ...
