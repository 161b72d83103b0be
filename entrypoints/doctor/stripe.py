"""The key, the accounts that receive money, and the way back for webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import aiohttp

from adapters.postgres.inspection import ConnectedAccount, connected_accounts, shows_without_address
from adapters.stripe.inspection import facts_of, missing_for_tax, signed_probe
from application.ports.payment import PaymentKeyRefused, PaymentRefused
from domain.tax import TaxMode
from entrypoints.container import Container
from entrypoints.doctor.clocks import compare_clocks
from entrypoints.doctor.findings import Examination, Finding

_KEY_MEND = "correct STRIPE_API_KEY, or STRIPE_API_BASE where that is set"
_AWAY_MEND = "wait for Stripe, or repair the connection to it: its answers come from STRIPE_API_BASE where that is set"
_TAX_MEND = (
    "complete them (https://docs.stripe.com/tax/settings-api), or set these producers' `tax` to off with PUT /account"
)
_EVENTS_MEND = "`piquetickets webhook list` names them; `piquetickets webhook replay EVENT_ID` handles one again"
_UNREACHABLE_MEND = "point PUBLIC_URL to `piquetickets serve`, from the internet, too"


def of_stripe(container: Container) -> list[Examination]:
    """The examinations of Stripe. Nothing is changed there."""

    async def key() -> Finding:
        try:
            facts = await facts_of(container.stripe())
        except PaymentKeyRefused as refusal:
            return Finding("stripe key", str(refusal), _KEY_MEND)
        mode = "live, real money moves" if container.settings().is_production else "test"
        return Finding("stripe key", f"of account {facts.account_id}, mode {mode}")

    async def clock() -> Finding:
        facts = await facts_of(container.stripe())
        return compare_clocks("Stripe", facts.clock, container.own_clock().now())

    async def accounts() -> Finding:
        return await _examine_accounts(container)

    async def webhook() -> Finding:
        return await _examine_webhook(container)

    async def events() -> Finding:
        failed = [received async for received in container.list_failed_events()()]
        if not failed:
            return Finding("webhook events", "all that came were handled")
        words = f"{len(failed)} could not be handled, the last one {failed[-1].event.id}: {failed[-1].last_error}"
        return Finding("webhook events", words, _EVENTS_MEND)

    return [
        Examination("stripe key", key, _AWAY_MEND),
        Examination("clock against Stripe", clock, _AWAY_MEND),
        Examination("connected accounts", accounts, _AWAY_MEND),
        Examination("webhook", webhook, _UNREACHABLE_MEND),
        Examination("webhook events", events, _EVENTS_MEND),
    ]


async def _is_enabled(container: Container, connected: ConnectedAccount) -> bool:
    try:
        return await container.payment().charges_enabled(connected.account_id)
    except PaymentRefused:
        return False


async def _examine_accounts(container: Container) -> Finding:
    """Whether the accounts can take charges, and whether Stripe can compute their tax.

    Stripe refuses checkouts otherwise.
    """
    connected = await connected_accounts(container.engine())
    stopped = [each for each in connected if not await _is_enabled(container, each)]
    lacking = [
        f"{each.producer_name} ({each.account_id}): {', '.join(missing)}"
        for each in connected
        if each not in stopped and each.tax is not TaxMode.OFF and (missing := await _missing_for_tax(container, each))
    ]
    if stopped or lacking:
        return _accounts_are_off([f"{each.producer_name} ({each.account_id})" for each in stopped], lacking)
    words = f"all {len(connected)} can take charges" if connected else "none yet"
    if without := await shows_without_address(container.engine()):
        words += f"; taxed at the buyer's address, because they lack a venue_address: {', '.join(without)}"
    return Finding("connected accounts", words)


def _accounts_are_off(stopped: Sequence[str], lacking: Sequence[str]) -> Finding:
    words, mends = [], []
    if stopped:
        words.append(f"cannot take charges: {', '.join(stopped)}")
        mends.append("let these producers finish their onboarding at Stripe")
    if lacking:
        words.append(f"Stripe cannot compute tax, their tax settings are not complete: {'; '.join(lacking)}")
        mends.append(_TAX_MEND)
    return Finding("connected accounts", "; ".join(words), "; ".join(mends))


async def _missing_for_tax(container: Container, connected: ConnectedAccount) -> list[str] | None:
    try:
        return await missing_for_tax(container.stripe(), connected.account_id)
    except PaymentRefused as refusal:
        return [str(refusal)]


async def _examine_webhook(container: Container) -> Finding:
    settings = container.settings()
    if not settings.stripe_webhook_secret:
        return Finding("webhook", "there is no secret", "set STRIPE_WEBHOOK_SECRET to that of your endpoint at Stripe")
    url = f"{settings.public_url}/api/v1/webhooks/stripe"
    body, signature = signed_probe(
        settings.stripe_webhook_secret, livemode=settings.is_production, now=container.stripe_time().now()
    )
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, data=body, headers={"Stripe-Signature": signature}) as answer,
    ):
        if answer.status == HTTPStatus.BAD_REQUEST:
            fix = "restart `serve` with the same STRIPE_WEBHOOK_SECRET and STRIPE_API_KEY as here"
            return Finding("webhook", f"{url} refuses our signature or mode", fix)
        if not answer.ok:
            return Finding("webhook", f"{url} answers {answer.status}", _UNREACHABLE_MEND)
    return Finding("webhook", f"{url} accepts what is signed with our secret")
