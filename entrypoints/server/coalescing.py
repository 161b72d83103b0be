"""A transport that sends an answer's head and body together."""

from __future__ import annotations

import asyncio
from typing import Any, Final

#: The most of an answer that is put together before it is sent.
MAX_WAITING_BYTES: Final = 64 * 1024


class CoalescingTransport:
    """A transport that sends all parts of one answer at once: uvicorn writes an answer's head and body separately, and
    each would be a packet and a system call.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= MAX_WAITING_BYTES:
            self._send()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.writelines(waiting)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
