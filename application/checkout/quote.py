"""Use case: the present price of a cart. Nothing is held."""

from __future__ import annotations

from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.cart import Cart
from domain.policy import CheckoutPolicy
from domain.pricing import Quote


class QuoteCart:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, policy: CheckoutPolicy) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._policy = policy

    async def __call__(self, cart: Cart) -> Quote:
        """The cart's quote. Raises NotFound for an unknown show, and what ``Offering.quote`` raises."""
        async with self._unit_of_work(read_only=True) as uow:
            data = await uow.inventory.read([cart])
        return data.offering(cart.show_id, self._policy).quote(cart, now=self._clock.now())
