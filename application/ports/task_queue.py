"""The queue to the workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID


class NotifierUnavailable(Exception):
    """The queue cannot be reached. The work is safe in the outbox, and is dispatched later."""


class Notifier(Protocol):
    async def notify(self, task_ids: Sequence[UUID]) -> None:
        """Notify the workers that these outbox tasks are due. Raises NotifierUnavailable."""
        ...
