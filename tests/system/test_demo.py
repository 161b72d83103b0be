"""piquetickets demo, as README promises it."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import psutil
import pytest

from tests.support.box_office import Answer, BoxOffice
from tests.support.processes import START_SECONDS, STOP_SECONDS, Process, run, start
from tests.support.server import free_port


async def start_demo(*arguments: str) -> tuple[Process, str]:
    """The process, and its first line on standard output."""
    process = await start("demo", *arguments, environment={}, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    first = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    return process, first.decode()


async def stop_demo(process: Process) -> None:
    """Send Ctrl-C, and check that nothing of it is left."""
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), STOP_SECONDS)
    assert process.returncode == 0
    _, alive = psutil.wait_procs(family, timeout=3)
    assert not alive


async def ensure_nobody_listens(*urls: str) -> None:
    for url in urls:
        parts = urlsplit(url)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(parts.hostname, parts.port)


async def buy(url: str, sandbox_and_mail: dict[str, Any]) -> Answer:
    async with aiohttp.ClientSession(url) as client:
        box_office = BoxOffice(client, unit_of_work=None)  # type: ignore[arg-type]  # nothing behind the counter here
        shows = (await box_office.get("/api/v1/shows")).body["items"]
        show, ticket = next(
            (show, ticket) for show in shows for ticket in show["tickets"] if ticket["price"] == "25.00"
        )
        cart = {"show_id": show["id"], "tickets": [{"ticket_id": ticket["id"], "quantity": 2}]}
        placed = (await box_office.checkout(cart)).created()
        assert (placed["total"], placed["platform_fees"], placed["payment_processing_fees"]) == (
            "54.84",
            "3.00",
            "1.84",
        )
        assert placed["checkout_url"].startswith(sandbox_and_mail["sandbox_url"])
        returned = await box_office.pay(placed)
        assert returned.location.startswith(url)
        await box_office.until_completed(placed)
        after = (await box_office.get(f"/api/v1/shows/{show['id']}")).body
        assert next(t["remaining"] for t in after["tickets"] if t["id"] == ticket["id"]) == ticket["remaining"] - 2

        async def mail_is_there() -> bool:
            async with client.get(f"{sandbox_and_mail['mailbox_url']}/api/mails") as answer:
                mails = await answer.json()
            return any(mail["attachments"][0]["content_type"] == "application/pdf" for mail in mails)

        await box_office.until(mail_is_there)
        return await box_office.order(placed)


async def signs_in(office_url: str) -> None:
    """One click, and a newcomer is inside, and sees what the box office sold."""
    async with aiohttp.ClientSession() as client, client.get(office_url) as page:
        assert "Robin Lantern" in await page.text()
        assert (page.status, page.url.path) == (200, "/office")
        async with client.get(page.url.with_path("/office/orders")) as orders:
            assert "Viola Cesario" in await orders.text()


async def test_a_ticket_is_sold_and_a_kept_demo_goes_on_where_it_stopped(tmp_path: Path) -> None:
    port = free_port()
    arguments = ("--json", "--port", str(port), "--data-dir", str(tmp_path / "kept"))
    process, line = await start_demo(*arguments)
    demo = json.loads(line)
    assert set(demo) == {
        "url",
        "office_url",
        "docs_url",
        "sandbox_url",
        "mailbox_url",
        "database_url",
        "redis_url",
        "platform_token",
        "producer_token",
        "producer_id",
    }
    await signs_in(demo["office_url"])
    order = await buy(demo["url"], demo)
    assert len(order.body["attendees"]) == 2
    await stop_demo(process)
    await ensure_nobody_listens(demo["url"], demo["sandbox_url"], demo["database_url"], demo["redis_url"])

    process, line = await start_demo(*arguments)
    again = json.loads(line)
    assert {name: again[name] for name in ("producer_id", "producer_token")} == {
        name: demo[name] for name in ("producer_id", "producer_token")
    }
    async with aiohttp.ClientSession(demo["url"]) as client:
        headers = {"Authorization": f"Bearer {demo['producer_token']}"}
        async with client.get(f"/api/v1/orders/{order.body['order_id']}", headers=headers) as answer:
            assert (await answer.json())["status"] == "completed"
    await stop_demo(process)


async def test_people_are_told_where_everything_is_and_a_killed_demo_leaves_nothing_behind() -> None:
    port = free_port()
    process, line = await start_demo("--port", str(port))
    assert line.strip() == f"PiqueTickets is ready: http://localhost:{port}"
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    await process.communicate()
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=STOP_SECONDS)
    assert not alive


async def test_a_port_in_use_is_said_in_one_line() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        ended = await run("demo", "--port", str(port))
    assert ended.code == 2
    assert ended.err == f"Error: port {port} is in use, choose another one with --port\n"
