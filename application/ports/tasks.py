"""Work that must happen after a commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.tasks import OutboxTask, TaskKind, TaskState


@dataclass(frozen=True, slots=True)
class DueTasks:
    """How many tasks of a kind are due and wait for a worker, and since when the oldest does."""

    count: int
    oldest_due_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many tasks are to be done, and how many were given up; by kind, those that wait for a worker now.

    ``perhaps_sent`` counts those of both whose mail the mail server has perhaps taken.
    """

    pending: int
    dead: int
    perhaps_sent: int
    due: Mapping[TaskKind, DueTasks]


class OutboxRepo(Protocol):
    """Work that must happen after a commit (docs/domain-rules.md#work-after-a-commit)."""

    async def add(self, tasks: Iterable[OutboxTask]) -> None: ...

    async def due(self, *, now: datetime, limit: int, kinds: Collection[TaskKind] = frozenset(TaskKind)) -> list[UUID]:
        """Tasks that are due, that nobody works on, and that were not handed over lately; longest due first."""
        ...

    async def handed_over(self, task_ids: Collection[UUID], *, again_at: datetime) -> None:
        """Whoever looks for due tasks does not get these before ``again_at``. They can be claimed all the same."""
        ...

    async def under_way(self, *, now: datetime, until: datetime, kinds: Collection[TaskKind], limit: int) -> int:
        """How many due tasks are handed over or claimed, at the longest ``until``; not counted beyond ``limit``."""
        ...

    async def claim(self, task_id: UUID, *, now: datetime, until: datetime) -> OutboxTask | None:
        """The task for the caller alone until ``until``, its attempts counted up; None when it is not to be had."""
        ...

    async def renew(self, task: OutboxTask, *, until: datetime) -> bool:
        """Keep the claim of a task a while longer. False when it is lost: the task is done, or somebody else's."""
        ...

    async def sending(self, task: OutboxTask) -> datetime | None:
        """Note that the content of a claimed task's mail is now given to the mail server: when, by the store's clock.

        None, and nothing is noted, when the claim is over by that clock, or somebody else's. Clock and claim are looked
        at in the statement that writes the note, so no pause between the two can let two workers send.
        """
        ...

    async def not_sent(self, task: OutboxTask, *, since: datetime) -> None:
        """Take the note of ``since`` back: that mail was not sent, says the worker that wrote the note.

        Where another worker found the note meanwhile and put the task off, it is due at once.
        """
        ...

    async def save(self, task: OutboxTask) -> None:
        """Write the outcome of a claimed task, ``sending_since`` included, and give the claim back.

        That a task is done is true whoever says it. Any other outcome counts only from whoever has the claim.
        """
        ...

    async def postpone(self, task: OutboxTask, *, until: datetime) -> None:
        """Give the claim of a task back that could not be begun; the try does not count."""
        ...

    async def in_state(self, state: TaskState, *, after: UUID | None, limit: int) -> list[OutboxTask]:
        """Tasks as they stand, in the order of their ids, from the one after ``after`` on."""
        ...

    async def perhaps_sent(self, *, now: datetime, after: UUID | None, limit: int) -> list[OutboxTask]:
        """In the same order, those that are not done, whose mail was perhaps sent, and that no worker has."""
        ...

    async def requeue(self, task_ids: Collection[UUID] | None, *, now: datetime) -> list[UUID]:
        """Dead tasks, these or all of them, get all their tries again, from ``now`` on. Which ones do.

        So do those of ``task_ids`` whose mail was perhaps sent.
        """
        ...

    async def is_pending(self, order_id: UUID, kind: TaskKind, details: Mapping[str, str]) -> bool:
        """Whether such a task about the order, with at least these details, is still to be done."""
        ...

    async def discard_dead(self, order_id: UUID, kind: TaskKind) -> None:
        """Dead tasks of this kind about the order are done: there is nothing left for them to do."""
        ...

    async def announce(
        self, show_id: UUID, kind: TaskKind, *, details: Mapping[str, str], now: datetime, holding: bool = False
    ) -> int:
        """A task for every order of the show that still admits somebody (``holding``: that holds tickets and is not
        paid), and has no such task waiting. How many.
        """
        ...

    async def has(self, order_id: UUID, kind: TaskKind) -> bool:
        """Whether the order ever had such a task."""
        ...

    async def announce_pending_payments(self, *, now: datetime, limit: int) -> int:
        """A PENDING_PAYMENT_MAIL for orders whose payment is being processed while the doors are open: one for each
        order, ever. How many there are new.
        """
        ...

    async def plan_reminders(self, show_id: UUID, *, due_at: datetime | None) -> None:
        """Orders of the show that still admit somebody are reminded at ``due_at`` (None: not at all).

        A reminder that somebody has begun to send stays as it is.
        """
        ...

    async def backlog(self, *, now: datetime, until: datetime) -> OutboxCounts:
        """What is due, what waits ``until`` then at the latest for another try, and what was given up."""
        ...
