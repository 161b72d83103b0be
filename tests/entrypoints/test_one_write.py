"""An answer that is written at once leaves in one packet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from typing_extensions import override

from entrypoints.server.coalescing import MAX_WAITING_BYTES, CoalescingTransport


class Line(asyncio.Transport):
    """A transport that records what was sent together."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[list[bytes]] = []
        self.is_closed = False

    @override
    def writelines(self, list_of_data: Iterable[bytes]) -> None:  # type: ignore[override]
        self.sent.append(list(list_of_data))

    @override
    def close(self) -> None:
        self.is_closed = True

    @override
    def is_closing(self) -> bool:
        return self.is_closed


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
async def transport(line: Line) -> CoalescingTransport:
    return CoalescingTransport(line, asyncio.get_running_loop())


async def test_head_and_body_leave_together(line: Line, transport: CoalescingTransport) -> None:
    transport.write(b"head")
    transport.write(b"body")
    assert line.sent == []
    await asyncio.sleep(0)
    assert line.sent == [[b"head", b"body"]]


async def test_so_much_waits_and_no_more(line: Line, transport: CoalescingTransport) -> None:
    transport.write(bytes(MAX_WAITING_BYTES - 1))
    assert line.sent == []
    transport.write(b"x")
    assert [len(data) for data in line.sent[0]] == [MAX_WAITING_BYTES - 1, 1]
    await asyncio.sleep(0)
    assert len(line.sent) == 1


async def test_what_waits_is_sent_before_the_end_and_nothing_after_it(
    line: Line, transport: CoalescingTransport
) -> None:
    transport.write(b"last words")
    transport.close()
    transport.write(b"too late")
    await asyncio.sleep(0)
    assert line.sent == [[b"last words"]]
    assert transport.is_closing()
