"""Notifier over a taskiq broker."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from taskiq import AsyncBroker
from taskiq.exceptions import TaskiqError

from adapters.taskiq.broker import run_task_kicker
from application.ports.notifier import NotifierUnavailable


class TaskiqNotifier:
    def __init__(self, broker: AsyncBroker) -> None:
        self._kicker = run_task_kicker(broker)

    async def notify(self, task_ids: Sequence[UUID]) -> None:
        try:
            for task_id in task_ids:
                await self._kicker.kiq(str(task_id))
        except (TaskiqError, OSError) as error:
            raise NotifierUnavailable(str(error.__cause__ or error)) from error
