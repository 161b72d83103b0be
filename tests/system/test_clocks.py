"""Processes on machines whose clocks are an hour off, simulated by libfaketime (Debian's package of that name)."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.embedded import EmbeddedPostgres
from tests.support.factories import ticket
from tests.support.fulfilment_world import fulfilment_world

_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(not _LIBRARIES, reason="needs Debian's package faketime, which gives a process a wrong clock"),
]


def clock_off_by(seconds: int) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(_LIBRARIES[0]),
        "FAKETIME": f"{seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_service_and_a_worker_whose_clocks_are_an_hour_off_sell_and_mail_in_time(
    postgres: EmbeddedPostgres, tmp_path: Path, hours: int
) -> None:
    ahead, behind = clock_off_by(hours * 3600), clock_off_by(-hours * 3600)
    async with fulfilment_world(postgres, tmp_path, service_environment=ahead) as world:
        free = await world.buy(await world.box_office.put_on_sale(ticket(price=0)), "ada@example.org")
        on_sale = await world.box_office.put_on_sale(ticket(price=25_00))
        paid = (await world.box_office.checkout(on_sale.cart(1))).created()
        assert paid["checkout_url"]

        worker = await world.start_worker(**behind)
        await world.until_it_is_sent(free)

        direction = "behind" if hours > 0 else "ahead of"
        assert worker.said(f"seconds {direction} the database's")
