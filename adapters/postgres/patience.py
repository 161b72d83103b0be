"""The time that this process waits for the database's answer, whatever happens to the server.

The server ends statements by its time-outs, and the kernel detects a vanished host. Neither helps if a proxy answers
for a dead server, or if the server's process hangs.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

import psycopg

#: The key of a pooled connection's patience in its ``info``.
PATIENCE: Final = "piquetickets_patience"


class Patience:
    """The time limit of one connection, which waits for one answer at a time. A call that waits longer gets an error as
    if the connection had been closed.

    A timer for each call would cost more than the call's own Python. So each connection has at most one timer, which is
    set again if it fires too early.
    """

    __slots__ = ("_driver", "_timer", "_until")

    def __init__(self, driver: psycopg.AsyncConnection[Any]) -> None:
        self._driver = driver
        self._timer: asyncio.TimerHandle | None = None
        self._until: float | None = None

    def of(self, seconds: float) -> Patience:
        """The limit for the block that follows: ``with patience.of(35): …``."""
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
        # The driver's own way to end a call would first ask the server.
        with suppress(OSError, psycopg.Error), socket.socket(fileno=socket.dup(self._driver.pgconn.socket)) as ours:
            ours.shutdown(socket.SHUT_RDWR)
