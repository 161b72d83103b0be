"""Notifier over a taskiq broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from taskiq import AsyncBroker
from taskiq.exceptions import TaskiqError

from adapters.taskiq.broker import run_tasks_kicker
from application.ports.task_queue import NotifierUnavailable

#: A message costs the sender far more than an id in it. One worker does its tasks in turn, so it has few enough to
#: share the work.
TASKS_IN_A_MESSAGE: Final = 25


class TaskiqNotifier:
    def __init__(self, broker: AsyncBroker) -> None:
        self._kicker = run_tasks_kicker(broker)

    async def notify(self, task_ids: Sequence[UUID]) -> None:
        try:
            for start in range(0, len(task_ids), TASKS_IN_A_MESSAGE):
                await self._kicker.kiq([str(task_id) for task_id in task_ids[start : start + TASKS_IN_A_MESSAGE]])
        except (TaskiqError, OSError) as error:
            raise NotifierUnavailable(str(error.__cause__ or error)) from error
