"""Ids: UUID version 7, and the operating system's randomness."""

from __future__ import annotations

import os
from threading import Lock
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7


class _RandomBytes:
    """The operating system's random bytes, fetched many at a time: a system call for each ticket's code would be a
    fiftieth of a free order's work.
    """

    AT_ONCE: Final = 4096

    def __init__(self) -> None:
        self._lock = Lock()
        self._left = memoryview(b"")
        # A forked process must not hand out what its parent hands out.
        os.register_at_fork(after_in_child=self._start_over)

    def take(self, count: int) -> bytes:
        with self._lock:
            if count > len(self._left):
                self._left = memoryview(os.urandom(max(count, self.AT_ONCE)))
            taken, self._left = self._left[:count], self._left[count:]
        return bytes(taken)

    def _start_over(self) -> None:
        self._lock, self._left = Lock(), memoryview(b"")


_RANDOM: Final = _RandomBytes()


class SystemIds:
    def new(self) -> UUID:
        return uuid7()

    def random_bytes(self, count: int) -> bytes:
        return _RANDOM.take(count)
