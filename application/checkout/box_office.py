"""Use case: a producer sells at the counter, or gives tickets away."""

from __future__ import annotations

from dataclasses import replace

from application.access.ownership import owned_show
from application.checkout.checkout import Checkout
from application.checkout.place_orders import CheckoutRequest
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.orders import Idempotency, ManualPayment, Order


class SellAtCounter:
    """A checkout whose payment the producer already has: no payment page, and completed at once.

    The show need not be published: the press list is written before the public sale opens.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, checkout: Checkout) -> None:
        self._unit_of_work = unit_of_work
        self._checkout = checkout

    async def __call__(self, actor: Actor, request: CheckoutRequest, payment: ManualPayment) -> Order:
        """The completed order, or the one that the same Idempotency-Key placed before.

        Raises NotFound for another producer's show, and what ``Checkout`` raises.
        """
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, request.cart.show_id)
        idempotency = request.idempotency
        if idempotency:
            # Buyers choose their own keys, which contain no space. So none equals a key of a box office.
            idempotency = Idempotency(f"{actor.producer_id} {idempotency.key}", idempotency.fingerprint)
        placed = replace(request, manual_payment=payment, placed_by=actor, idempotency=idempotency, claimant=None)
        return await self._checkout(placed)
