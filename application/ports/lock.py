"""The distributed lock that keeps processes from queueing inside the database."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol


class LockUnavailable(Exception):
    """The lock service cannot be reached. Row locks still protect the data (P1-004)."""


class LockTimeout(Exception):
    """One of the locks was held for longer than the caller would wait."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Locks that were acquired together. ``value`` is the unique value (a UUID) that proves whose they are."""

    names: tuple[str, ...]
    value: str


#: Called when a lock is about to be acquired, perhaps several times.
MoreNames = Callable[[], Collection[str]]


def nothing_more() -> Collection[str]:
    return ()


class Lock(Protocol):
    """All or nothing: several names are locked together, or none is. First come, first served: a caller that asks again
    right after a release queues behind existing waiters. A waiter for several names does not block names that are free.
    Locks of a process that died become free within seconds.
    """

    async def acquire(self, names: Collection[str], also: MoreNames = nothing_more) -> Lease:
        """Wait for all of ``names`` at once. Raises LockTimeout, LockUnavailable.

        When its turn has come, ``also`` is called for more names: those that are free, and not about to be taken by a
        waiter, are acquired as well, without waiting. The lease lists them.
        """
        ...

    async def release(self, lease: Lease) -> bool:
        """Release the locks that the lease still owns; a lock that expired and has a new owner is left alone.

        False if at least one had expired. Raises LockUnavailable.
        """
        ...
