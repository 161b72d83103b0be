"""A receipt printer in the network, as far as its connection goes: it takes bytes, and says how it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_COVER_AND_PAPER = b"\x10\x04\x02"
_ROLL = b"\x10\x04\x04"
_WHEN_PRINTED = b"\x1dr\x01"


@dataclass(slots=True)
class NetworkReceiptPrinter:
    """``printed`` is what each connection brought. ``stalls_after`` is the number of slips after which it takes no
    more, though it stays connected.
    """

    has_paper: bool = True
    cover_open: bool = False
    stalls_after: int | None = None
    printed: list[bytes] = field(default_factory=list)
    stalled: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got = b""
        try:
            while more := await reader.read(65_536):
                got += more
                got = await self._answer(got, writer)
                if got and self.stalls_after is not None and len(self.printed) >= self.stalls_after:
                    self.stalled.set()
                    await reader.read()  # until the other side goes
                    return
            if got:
                self.printed.append(got)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, got: bytes, writer: asyncio.StreamWriter) -> bytes:
        """Answer a question. Returns what is left to print."""
        status = {
            _COVER_AND_PAPER: 0x12 | (0x04 if self.cover_open else 0) | (0 if self.has_paper else 0x20),
            _ROLL: 0x12 | (0 if self.has_paper else 0x60),
        }
        if got in status:
            writer.write(bytes([status[got]]))
            await writer.drain()
            return b""
        if got.endswith(_WHEN_PRINTED):
            self.printed.append(got.removesuffix(_WHEN_PRINTED))
            writer.write(b"\x00")
            await writer.drain()
            return b""
        return got


@asynccontextmanager
async def network_printer(printer: NetworkReceiptPrinter) -> AsyncIterator[NetworkReceiptPrinter]:
    """The printer, switched on."""
    server = await asyncio.start_server(printer.serve, "127.0.0.1", printer.port)
    printer.port = server.sockets[0].getsockname()[1]
    try:
        yield printer
    finally:
        server.close()
        await server.wait_closed()
