"""Starting, stopping, and speed."""

import asyncio

import aiohttp
import pytest

from demo.stripe_sandbox import SandboxOptions, StripeSandbox, run
from tests.demo.stripe_sandbox.conftest import CheckoutParams, ClientOf, until


async def test_nothing_is_left_when_it_stops(http: aiohttp.ClientSession) -> None:
    before = asyncio.all_tasks()
    sandbox = StripeSandbox(SandboxOptions(webhook_url="http://127.0.0.1:9/away"))
    await sandbox.start()
    sandbox.control.set_charges_enabled("acct_1", enabled=False)
    await until(lambda: sandbox.control.webhooks.failed_attempts)
    await sandbox.stop()
    assert not [task for task in asyncio.all_tasks() - before if "sandbox" in str(task)]
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(f"{sandbox.url}/v1/account")


async def test_stopping_does_not_wait_for_requests_that_hang(
    client_of: ClientOf, checkout_params: CheckoutParams
) -> None:
    sandbox = StripeSandbox()
    await sandbox.start()
    sandbox.control.inject_fault("*", "timeout_before", delay_seconds=60)
    request = asyncio.create_task(client_of(sandbox).v1.refunds.list_async())
    await until(lambda: sandbox.control.requests.counts)
    async with asyncio.timeout(30):
        await sandbox.stop()
    with pytest.raises(Exception, match="communicating with Stripe"):
        await request


async def test_a_taken_port_is_an_error_and_leaves_nothing(sandbox: StripeSandbox) -> None:
    before = asyncio.all_tasks()
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        await StripeSandbox(SandboxOptions(port=port)).start()
    assert not [task for task in asyncio.all_tasks() - before if "sandbox" in str(task)]


async def test_it_serves_until_cancelled(http: aiohttp.ClientSession, unused_port: int) -> None:
    serving = asyncio.create_task(run(SandboxOptions(port=unused_port)))
    url = f"http://127.0.0.1:{unused_port}/_sandbox"
    async with asyncio.timeout(60):
        while True:
            try:
                async with http.get(url) as answer:
                    assert answer.status == 200
                break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.01)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(url)


@pytest.fixture
async def unused_port() -> int:
    async with StripeSandbox() as brief:
        return int(brief.url.rpartition(":")[2])
