"""The control interface over HTTP."""

import asyncio
from typing import Any

import aiohttp
import pytest
import stripe

from demo.stripe_sandbox import StripeSandbox
from tests.demo.stripe_sandbox.conftest import Buyer, CheckoutParams, Inbox


class Levers:
    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self._http = http
        self._base_url = base_url

    async def call(self, method: str, path: str, command: Any = None, *, status: int = 200) -> Any:
        async with self._http.request(method, f"{self._base_url}/_sandbox{path}", json=command) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()


@pytest.fixture
def levers(http: aiohttp.ClientSession, sandbox: StripeSandbox) -> Levers:
    return Levers(http, sandbox.url)


@pytest.fixture
async def charge(client: stripe.StripeClient, buyer: Buyer, checkout_params: CheckoutParams) -> stripe.Charge:
    session = await client.v1.checkout.sessions.create_async(params=checkout_params())
    await buyer.press(str(session.url), "paid")
    return (await client.v1.charges.list_async()).data[0]


async def test_faults_over_http(levers: Levers, client: stripe.StripeClient) -> None:
    command = {"operation": "GET /v1/refunds", "fault": "server_error", "times": 2}
    waiting = await levers.call("POST", "/faults", command)
    assert waiting == {"GET /v1/refunds": [{"kind": "server_error", "delay_seconds": 0.0}] * 2}
    with pytest.raises(stripe.APIError):
        await client.v1.refunds.list_async()
    assert len((await levers.call("GET", "/faults"))["GET /v1/refunds"]) == 1
    assert await levers.call("DELETE", "/faults") == {}
    await client.v1.refunds.list_async()


async def test_requests_over_http(levers: Levers, client: stripe.StripeClient) -> None:
    await client.v1.refunds.list_async(params={"limit": 3})
    await client.v1.charges.list_async()
    everything = (await levers.call("GET", "/requests"))["data"]
    assert [entry["operation"] for entry in everything] == ["GET /v1/refunds", "GET /v1/charges"]
    refunds = (await levers.call("GET", "/requests?operation=GET%20/v1/refunds"))["data"]
    assert [(entry["params"], entry["status"]) for entry in refunds] == [({"limit": "3"}, 200)]
    assert await levers.call("DELETE", "/requests") == {"data": []}


async def test_webhooks_over_http(levers: Levers, sandbox: StripeSandbox, charge: stripe.Charge, inbox: Inbox) -> None:
    settings = await levers.call("POST", "/webhooks", {"url": inbox.url, "paused": True, "copies": 2})
    assert (settings["url"], settings["paused"], settings["copies"], settings["shuffled"]) == (
        inbox.url,
        True,
        2,
        False,
    )
    await levers.call("POST", f"/accounts/{'acct_1producer'}", {"charges_enabled": False})
    assert (await levers.call("GET", "/webhooks"))["waiting"] == 2
    await levers.call("POST", "/webhooks", {"paused": False})
    async with asyncio.timeout(60):
        await sandbox.control.webhooks.idle()
    assert inbox.types() == ["account.updated"] * 2
    event = (await levers.call("GET", "/events?type=account.updated"))["data"][0]
    await levers.call("POST", f"/events/{event['id']}/redeliver")
    async with asyncio.timeout(60):
        await sandbox.control.webhooks.idle()
    assert len(inbox.events) == 3
    assert (await levers.call("POST", "/webhooks", {"url": None}))["url"] is None


async def test_refunds_over_http(levers: Levers, client: stripe.StripeClient, charge: stripe.Charge) -> None:
    await levers.call("POST", "/refunds", {"outcomes": ["pending"]})
    refund = await client.v1.refunds.create_async(params={"charge": charge.id})
    settled = await levers.call("POST", f"/refunds/{refund.id}", {"status": "failed"})
    assert settled["status"] == "failed"


async def test_disputes_over_http(levers: Levers, charge: stripe.Charge) -> None:
    dispute = await levers.call("POST", "/disputes", {"charge": charge.id, "amount": 1000})
    assert (dispute["amount"], dispute["reason"]) == (1000, "fraudulent")
    closed = await levers.call("POST", f"/disputes/{dispute['id']}", {"status": "won"})
    assert closed["status"] == "won"


async def test_accounts_and_clock_over_http(levers: Levers, sandbox: StripeSandbox) -> None:
    account = await levers.call("POST", "/accounts/acct_1", {"charges_enabled": False})
    assert account["charges_enabled"] is False
    before = sandbox.control.now()
    after = (await levers.call("POST", "/clock", {"advance_seconds": 3600}))["now"]
    assert 3600 <= after - before < 3660


async def test_a_reset_forgets_everything_but_the_endpoint(
    levers: Levers, sandbox: StripeSandbox, client: stripe.StripeClient, charge: stripe.Charge, inbox: Inbox
) -> None:
    sandbox.control.inject_fault("*", "server_error")
    await levers.call("POST", "/webhooks", {"url": inbox.url, "paused": True, "shuffled": True})
    await levers.call("POST", "/accounts/acct_1", {"charges_enabled": False})
    overview = await levers.call("POST", "/reset")
    assert overview["requests"] == {}
    assert overview["webhooks"] == {
        "url": inbox.url,
        "paused": False,
        "shuffled": False,
        "copies": 1,
        "waiting": 0,
        "failed_attempts": 0,
    }
    assert (await client.v1.charges.list_async()).data == []
    assert (await client.v1.accounts.retrieve_async("acct_1")).charges_enabled
    assert (await levers.call("GET", ""))["requests"] == {"GET /v1/charges": 1, "GET /v1/accounts/{account}": 1}


@pytest.mark.parametrize(
    ("path", "command", "status"),
    [
        ("/faults", {"operation": "POST /v1/payouts", "fault": "slow"}, 400),
        ("/faults", {"operation": "*", "fault": "earthquake"}, 400),
        ("/faults", {"operation": "*", "fault": "slow", "times": 0}, 400),
        ("/webhooks", {"copies": 0}, 400),
        ("/webhooks", {"colour": "red"}, 400),
        ("/disputes", {"charge": "ch_none"}, 404),
        ("/events/evt_none/redeliver", None, 404),
        ("/clock", "soon", 400),
    ],
)
async def test_a_command_that_makes_no_sense_is_refused(path: str, command: Any, status: int, levers: Levers) -> None:
    assert "message" in (await levers.call("POST", path, command, status=status))["error"]
