"""The distributed lock that keeps processes from queueing up inside the database."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol


class LockUnavailable(Exception):
    """The lock service cannot be reached. Row locks still protect the data (P1-004)."""


class LockTimeout(Exception):
    """Somebody else kept one of the locks for longer than the caller would wait."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Locks that were had together. ``value`` is the unique value (a UUID) that proves whose they are."""

    names: tuple[str, ...]
    value: str


#: Asked when a lock is about to be had, perhaps several times.
MoreNames = Callable[[], Collection[str]]


def nothing_more() -> Collection[str]:
    return ()


class Lock(Protocol):
    """All or nothing: several names are locked together, or none is. First come, first served: who asks again right
    after a release stands behind whoever waited for the same names. Nobody waits for names that lie free because
    somebody who wants more than these waits for the others. Locks of a process that died fall free within seconds.
    """

    async def acquire(self, names: Collection[str], also: MoreNames = nothing_more) -> Lease:
        """Wait for all of ``names`` at once. Raises LockTimeout, LockUnavailable.

        When its turn has come, ``also`` is asked for more names: of these whatever is free, and not about to be taken
        by somebody who waits, is had as well. Nobody waits for them; the lease tells which they are.
        """
        ...

    async def release(self, lease: Lease) -> bool:
        """Give back what the lease still owns; a lock that expired and went to somebody else is left alone.

        False when at least one had expired. Raises LockUnavailable.
        """
        ...
