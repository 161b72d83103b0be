"""Running the outbox's tasks: claim, do, mark (docs/domain-rules.md#work-after-a-commit)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from typing_extensions import override

from application.ports.system import Clock, Ids
from application.ports.unit_of_work import StorageConflict, StorageUnavailable, UnitOfWorkFactory
from domain.tasks import OutboxTask, TaskKind, TaskState

log = logging.getLogger(__name__)

#: How long a task stays with a silent worker. Short, because buyers of a worker that died wait for it.
CLAIM: Final = timedelta(seconds=20)
#: How often a live worker renews its claim: it may fail twice.
RENEW_EVERY: Final = CLAIM / 3
#: With the pauses below, the last try comes about a day after the first.
MAX_ATTEMPTS: Final = 17
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=4)
#: A mail that was perhaps sent is sent again after this time, once. Most servers that accept a mail without saying so
#: deliver it, so a buyer who has the mail should not get it again within the hour; a buyer without it gets it.
PERHAPS_SENT_PAUSE: Final = timedelta(hours=1)
#: In seconds: a database that restarts is back within this minute.
RECORD_PAUSES: Final = (0.1, 0.5, 1, 2, 5, 10, 20, 20)

Handler = Callable[[OutboxTask], Awaitable[None]]


class PermanentTaskError(Exception):
    """Trying this task again can never help."""


class PostponeTask(Exception):
    """The task could not be begun, and is postponed to ``until``. This does not count as a try."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class TaskPerhapsDone(Exception):
    """The work of the task was begun at ``since``, and its outcome cannot be known."""

    def __init__(self, words: str, since: datetime) -> None:
        super().__init__(words, since)
        self.since = since

    @override
    def __str__(self) -> str:
        return str(self.args[0])


class ClaimLost(Exception):
    """The claim of the task is over: another worker may have it. This worker did nothing, and must do nothing."""


class RunTask:
    """Does one task, once: of several workers only one gets the claim, and keeps it as long as it lives."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        ids: Ids,
        handlers: Mapping[TaskKind, Handler],
        *,
        renew_every: timedelta = RENEW_EVERY,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._handlers = handlers
        self._renew_every = renew_every

    async def __call__(self, task_id: UUID) -> TaskState | None:
        """The task's state after this try; None if it was not available (done, not due, or claimed)."""
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            task = await uow.task_claims.claim(task_id, now=now, until=now + CLAIM)
            await uow.commit()
        if task is None:
            return None
        if task.sending_since is not None and now < task.sending_since + PERHAPS_SENT_PAUSE:
            left = TaskPerhapsDone("its worker ended before the mail server's answer was noted", task.sending_since)
            tried = self._perhaps_done(task, left)
            await self._record(tried)
            return tried.state
        try:
            async with self._claim_kept(task):
                tried = await self._try(task)
                await self._record(tried)
        except PostponeTask as early:
            await self._give_back(task, early.until)
            return TaskState.PENDING
        except ClaimLost as lost:
            log.warning("Task %s (%s, %s) is left alone: %s", task.id, task.kind, task.subject, lost)
            return None
        except asyncio.CancelledError:  # this worker stops: let the next one begin at once, not when the claim is over
            with suppress(StorageUnavailable, StorageConflict):
                await self._give_back(task, self._clock.now())
            raise
        return tried.state

    async def _try(self, task: OutboxTask) -> OutboxTask:
        if task.sending_since is not None:
            log.warning(
                "Task %s (%s, %s): its mail, which was perhaps sent at %s, is sent again; it may arrive twice, "
                "both times with Message-ID <%s>",
                task.id,
                task.kind,
                task.subject,
                task.sending_since,
                task.message_id,
            )
        try:
            if task.attempts > MAX_ATTEMPTS:
                raise PermanentTaskError(f"given up: the last of {task.attempts - 1} tries ended without a word")  # noqa: TRY301
            await self._handlers[task.kind](task)
        except (PostponeTask, ClaimLost):
            raise
        except TaskPerhapsDone as doubt:
            return self._perhaps_done(task, doubt)
        except Exception as error:  # noqa: BLE001  # any failure must end in a retry that people can see
            return self._failed(task, error)
        log.info("Task %s (%s, %s) done", task.id, task.kind, task.subject)
        return replace(task, state=TaskState.DONE, last_error=None, done_at=self._clock.now())

    def _failed(self, task: OutboxTask, error: Exception) -> OutboxTask:
        hopeless = isinstance(error, PermanentTaskError) or task.attempts >= MAX_ATTEMPTS
        log.warning(
            "Task %s (%s, %s) failed at try %d%s: %s",
            task.id,
            task.kind,
            task.subject,
            task.attempts,
            ", given up" if hopeless else "",
            error,
            exc_info=not isinstance(error, PermanentTaskError),
        )
        return replace(
            task,
            state=TaskState.DEAD if hopeless else TaskState.PENDING,
            due_at=self._clock.now() + self._pause(task.attempts),
            last_error=f"{type(error).__name__}: {error}",
        )

    def _perhaps_done(self, task: OutboxTask, doubt: TaskPerhapsDone) -> OutboxTask:
        """The task, to be repeated only after a pause, or, if this was already a repetition, only by a person."""
        is_repetition = task.sending_since not in (None, doubt.since)
        log.warning(
            "Task %s (%s, %s): its mail with Message-ID <%s> was perhaps sent: %s. It is %s",
            task.id,
            task.kind,
            task.subject,
            task.message_id,
            doubt,
            "not sent again before `tasks retry` asks for it"
            if is_repetition
            else f"sent again in {PERHAPS_SENT_PAUSE}, or when `tasks retry` asks for it",
        )
        return replace(
            task,
            state=TaskState.DEAD if is_repetition else TaskState.PENDING,
            due_at=doubt.since + PERHAPS_SENT_PAUSE,
            sending_since=doubt.since,
            last_error=f"perhaps sent: {doubt}",
        )

    async def _record(self, tried: OutboxTask) -> None:
        """Store the outcome, however long that takes: a task that is done but not recorded is done twice.

        Raises the database's error after the last pause.
        """
        for pause in (*RECORD_PAUSES, None):
            try:
                async with self._unit_of_work() as uow:
                    await uow.task_claims.save(tried)
                    await uow.commit()
            except (StorageUnavailable, StorageConflict) as error:
                if pause is None:
                    raise
                log.warning("Could not store yet that task %s is %s: %s", tried.id, tried.state, error)
                await asyncio.sleep(pause)
            else:
                return

    def _pause(self, attempts: int) -> timedelta:
        """A doubling pause, scattered by up to a quarter, so tasks that failed together do not return together."""
        pause: timedelta = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
        return pause * (1 + self._ids.random_bytes(1)[0] / 255 / 4)

    async def _give_back(self, task: OutboxTask, until: datetime) -> None:
        async with self._unit_of_work() as uow:
            await uow.task_claims.postpone(task, until=until)
            await uow.commit()

    @asynccontextmanager
    async def _claim_kept(self, task: OutboxTask) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(task))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _renew(self, task: OutboxTask) -> None:
        is_ours = True
        while is_ours:
            await asyncio.sleep(self._renew_every.total_seconds())
            try:
                async with self._unit_of_work() as uow:
                    is_ours = await uow.task_claims.renew(task, until=self._clock.now() + CLAIM)
                    await uow.commit()
            except (StorageUnavailable, StorageConflict) as error:
                log.warning("The claim of task %s could not be renewed: %s", task.id, error)
        log.warning("Task %s was taken over by another worker while this one was at it", task.id)
