"""Orders that two sessions paid."""

from __future__ import annotations

import stripe

from adapters.stripe.requests import session_params
from tests.support.box_office import Json
from tests.support.faults.outages import checked_out
from tests.support.stripe_world import StripeWorld


async def another_session(world: StripeWorld, placed: Json) -> str:
    """The session that Stripe makes if it is called again for an order with another key."""
    order = await world.box_office.stored_order(placed)
    links = world.container.links()
    params = session_params(order, success_url=links.payment_success(), cancel_url=links.payment_cancel(order))
    return (await world.stripe.client.v1.checkout.sessions.create_async(params=params)).id


async def paid_twice(world: StripeWorld) -> tuple[Json, stripe.Charge, stripe.Charge]:
    """The order, and its first and second charge."""
    _, placed = await checked_out(world)
    second = await another_session(world, placed)
    await world.box_office.pay(placed)
    await world.box_office.until_completed(placed)
    world.sandbox.control.act(second, "paid")
    await world.sandbox.control.webhooks.idle()
    first = (await world.box_office.stored_order(placed)).charge_id
    charges = {charge.id: charge for charge in await world.stripe.charges(placed["order_id"])}
    own = charges.pop(str(first))
    [other] = charges.values()
    return placed, own, other


async def refunds_of(world: StripeWorld, charge: stripe.Charge) -> list[stripe.Refund]:
    """The refunds of a charge, newest first."""
    return list((await world.stripe.client.v1.refunds.list_async(params={"charge": charge.id})).data)


async def assert_producer_bore_all(world: StripeWorld, charge: stripe.Charge) -> None:
    """The whole transfer of the charge was taken back, and the whole fee."""
    transfer = await world.stripe.client.v1.transfers.retrieve_async(str(charge.transfer))
    fee = await world.stripe.client.v1.application_fees.retrieve_async(str(charge.application_fee))
    assert transfer.amount_reversed == transfer.amount
    assert fee.amount_refunded == fee.amount
