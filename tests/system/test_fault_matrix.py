"""Every call that we make to Stripe, times every fault.

Each time the order ends in a correct state, no money moves twice, no hold is lost or leaked, and a retry succeeds.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

import adapters.stripe
from demo.embedded import EmbeddedPostgres
from demo.stripe_sandbox.faults import FaultKind
from domain.orders import OrderStatus
from tests.support.faults import accounts, refunding, selling
from tests.support.faults.outages import OUTAGES, BreakingProxy, Scenario, assert_sold_once, outage
from tests.support.stripe_world import (
    CREATE_ACCOUNT,
    CREATE_ACCOUNT_LINK,
    CREATE_REFUND,
    CREATE_SESSION,
    CREATE_TAX_LOCATION,
    LIST_ACCOUNTS,
    LIST_CHARGES,
    LIST_REFUNDS,
    LIST_REVERSALS,
    LIST_TAX_LOCATIONS,
    RETRIEVE_CHARGE,
    REVERSE_TRANSFER,
    UPDATE_TRANSFER,
    StripeWorld,
    stripe_world,
)

#: By the SDK's name of the call.
OUTAGE_SCENARIOS: Final[dict[str, tuple[Scenario, ...]]] = {
    "checkout.sessions.create": (selling.opening_a_session,),
    "checkout.sessions.retrieve": (selling.completing,),
    "checkout.sessions.expire": (selling.cancelling,),
    "checkout.sessions.list": (selling.finding_a_session, selling.looking_for_lost_payments),
    "payment_intents.retrieve": (selling.telling_of_a_decline,),
    "charges.retrieve": (selling.describing(RETRIEVE_CHARGE),),
    "charges.list": (refunding.losing_a_dispute_over_a_second_payment(LIST_CHARGES),),
    "transfers.update": (selling.describing(UPDATE_TRANSFER),),
    "transfers.reversals.create": (
        refunding.losing_a_dispute(REVERSE_TRANSFER),
        refunding.losing_a_dispute_over_a_second_payment(REVERSE_TRANSFER),
    ),
    "transfers.reversals.list": (refunding.losing_a_dispute(LIST_REVERSALS),),
    "refunds.create": (refunding.refunding(CREATE_REFUND),),
    "refunds.list": (refunding.refunding(LIST_REFUNDS), refunding.learning_of_a_refund_by_hand),
    "refunds.retrieve": (refunding.learning_that_a_refund_failed,),
    "disputes.retrieve": (refunding.learning_of_a_dispute,),
    "disputes.list": (refunding.finding_a_dispute,),
    "accounts.create": (accounts.onboarding(CREATE_ACCOUNT),),
    "accounts.list": (accounts.onboarding(LIST_ACCOUNTS),),
    "accounts.retrieve": (accounts.naming_an_account, accounts.learning_that_an_account_was_stopped),
    "accounts.retrieve_current": (accounts.examining,),
    "tax.locations.create": (selling.placing_a_venue(CREATE_TAX_LOCATION),),
    "tax.locations.list": (selling.placing_a_venue(LIST_TAX_LOCATIONS),),
    "tax.settings.retrieve": (accounts.examining_tax,),
    "account_links.create": (accounts.onboarding(CREATE_ACCOUNT_LINK),),
}
#: Operations that Stripe, or the buyer's bank, refuses.
REFUSAL_SCENARIOS: Final[dict[str, Scenario]] = {
    "pay": selling.declined_card,
    "checkout.sessions.create": selling.refused_session,
    "checkout.sessions.expire": selling.closing_refused,
    "transfers.update": selling.refused_description,
    "refunds.create": refunding.refused_refund,
    "transfers.reversals.create": refunding.refused_reversal,
}
MATRIX: Final = [
    *(
        (call, fault, scenario)
        for call, scenarios in OUTAGE_SCENARIOS.items()
        for scenario in scenarios
        for fault in OUTAGES
    ),
    *((call, FaultKind.CARD_DECLINED, scenario) for call, scenario in REFUSAL_SCENARIOS.items()),
]


@pytest.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    async with stripe_world(postgres, redis_url, stripe_timeout_seconds=0.6) as started:
        yield started


@pytest.fixture(scope="module")
async def fleeting(postgres: EmbeddedPostgres, redis_url: str) -> AsyncIterator[StripeWorld]:
    """A world whose holds last for a second."""
    async with stripe_world(postgres, redis_url, stripe_timeout_seconds=0.6, hold_minutes=0.02) as started:
        yield started


@pytest.mark.parametrize(
    ("fault", "scenario"),
    [pytest.param(fault, scenario, id=f"{call}-{fault}") for call, fault, scenario in MATRIX],
)
async def test_what_goes_wrong_at_stripe_is_made_good(world: StripeWorld, fault: FaultKind, scenario: Scenario) -> None:
    await scenario(world, fault)


def test_every_call_that_we_make_is_in_the_matrix() -> None:
    """By the SDK's methods, and by the throttle keys of the calls."""
    source = "".join(file.read_text() for file in Path(adapters.stripe.__file__).parent.glob("*.py"))
    calls = {*re.findall(r"\.v1\.([\w.]+)_async\(", source), *re.findall(r"_turn\(\"([\w.]+)\"", source)}
    assert {call.removeprefix("checkout.") for call in calls} == {
        call.removeprefix("checkout.") for call in OUTAGE_SCENARIOS
    }


@pytest.mark.parametrize("fault", [fault for fault in OUTAGES if fault is not FaultKind.RATE_LIMITED])
async def test_buyer_who_gives_up_leaves_no_hold_and_no_open_payment_page(
    fleeting: StripeWorld, fault: FaultKind
) -> None:
    """It is unknown whether the call that failed had made a session."""
    on_sale = await fleeting.box_office.put_on_sale()
    key = uuid4().hex
    with outage(fleeting.sandbox, CREATE_SESSION, fault):
        (await fleeting.box_office.checkout(on_sale.cart(2), key=key)).refused(503, "payment_unavailable")
    async with fleeting.box_office.unit_of_work() as uow:
        order = (await uow.orders.with_idempotency_keys([key]))[key]
    assert order.status is OrderStatus.PENDING

    async def is_released() -> bool:
        await fleeting.container.release_overdue()()
        return await fleeting.box_office.counters(on_sale) == [(0, 0)]

    await fleeting.box_office.until(is_released)
    assert {session.status for session in await fleeting.stripe.sessions(str(order.id))} == {"expired"}
    assert await fleeting.stripe.charges(str(order.id)) == []


@pytest.mark.parametrize("hangs", [False, True], ids=["ends", "hangs"])
async def test_answer_that_stops_in_its_middle_is_an_answer_lost(
    postgres: EmbeddedPostgres, redis_url: str, hangs: bool
) -> None:
    proxy = BreakingProxy(hangs=hangs)
    async with (
        proxy.serving() as address,
        stripe_world(postgres, redis_url, stripe_timeout_seconds=0.6, stripe_api_base=address) as world,
    ):
        proxy.target = world.sandbox.url
        on_sale = await world.box_office.put_on_sale()
        key = uuid4().hex

        proxy.breaks = True
        (await world.box_office.checkout(on_sale.cart(2), key=key)).refused(503, "payment_unavailable")
        assert await world.box_office.counters(on_sale) == [(2, 0)]
        proxy.breaks = False
        placed = (await world.box_office.checkout(on_sale.cart(2), key=key)).created()

        await world.box_office.pay(placed)
        await world.box_office.until_completed(placed)
        await assert_sold_once(world, on_sale, placed)
