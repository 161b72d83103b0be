"""How long this process waits for the database's answer, whatever becomes of the server.

The server ends what takes longer than its time-outs, and the kernel finds out that a host is gone. Neither helps where
a proxy answers for a server that does not, or where the server's process hangs.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

import psycopg

#: Where a pooled connection's patience stands in its ``info``.
PATIENCE: Final = "piquetickets_patience"


class Patience:
    """Of one connection, which waits for one answer at a time. What waits for longer hears that it is closed.

    A timer for every call would cost more than the call's own Python. There is one at most, which is set again where it
    comes too early.
    """

    __slots__ = ("_driver", "_timer", "_until")

    def __init__(self, driver: psycopg.AsyncConnection[Any]) -> None:
        self._driver = driver
        self._timer: asyncio.TimerHandle | None = None
        self._until: float | None = None

    def of(self, seconds: float) -> Patience:
        """For the block that follows: ``with patience.of(35): …``."""
        loop = asyncio.get_running_loop()
        self._until = until = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_at(until, self._look)
        elif self._timer.when() > until:
            self._timer.cancel()
            self._timer = loop.call_at(until, self._look)
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._until = None

    def _look(self) -> None:
        self._timer = None
        if self._until is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._until:
            self._timer = loop.call_at(self._until, self._look)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        # The driver's own way to end a call would ask the server first.
        with suppress(OSError, psycopg.Error), socket.socket(fileno=socket.dup(self._driver.pgconn.socket)) as ours:
            ours.shutdown(socket.SHUT_RDWR)
