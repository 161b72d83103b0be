"""Retrying a transaction after another one got in its way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from application.ports.unit_of_work import StorageConflict

Result = TypeVar("Result")

#: Deadlocks and the like are rare and short: after three in a row the caller should know.
MAX_ATTEMPTS: Final = 3


async def retry_on_conflict(transact: Callable[[], Awaitable[Result]]) -> Result:
    """The result of ``transact``, tried again while it raises StorageConflict. Raises the last one."""
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await transact()
        except StorageConflict:
            continue
    return await transact()
