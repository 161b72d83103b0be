"""Use cases: a producer sells at the counter, or makes tickets complimentary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from application.access.ownership import owned_show
from application.checkout.checkout import Checkout
from application.checkout.place_orders import CheckoutRequest, Placement, PlaceOrders
from application.errors import IdempotencyKeyReused
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.cart import Cart
from domain.errors import DomainError, InvalidRequest
from domain.orders import Idempotency, ManualPayment, Order
from domain.policy import CheckoutPolicy
from domain.pricing import Quote

#: The most orders in one call, and the most tickets in all of them: buyers of the same tickets wait for the decision.
MAX_ORDERS_AT_ONCE: Final = 500
MAX_TICKETS_AT_ONCE: Final = 1000


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
        return await self._checkout(_placed_by(actor, replace(request, manual_payment=payment)))


class QuoteAtCounter:
    """What a cart costs at the counter. Nothing is held."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, policy: CheckoutPolicy) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._policy = policy.at_the_counter()

    async def __call__(self, actor: Actor, cart: Cart, payment: ManualPayment) -> Quote:
        """The quote. Raises NotFound for another producer's show, and what ``Offering.quote`` raises."""
        async with self._unit_of_work(read_only=True) as uow:
            await owned_show(uow, actor, cart.show_id)
            data = await uow.inventory.read([cart])
        offering = data.offering(cart.show_id, self._policy)
        return offering.quote(cart, now=self._clock.now(), manual_payment=payment)


#: The outcome of one of many orders: the order, why it was refused, or None for one that would have been placed if
#: another had not been refused.
SaleOutcome = Order | Exception | None


class SellManyAtCounter:
    """Many orders of one show in one decision: a guest list, or the evening's sales of a counter without a network."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, place_orders: PlaceOrders) -> None:
        self._unit_of_work = unit_of_work
        self._place_orders = place_orders

    async def __call__(
        self, actor: Actor, show_id: UUID, rows: Sequence[CheckoutRequest | DomainError], *, all_or_nothing: bool
    ) -> list[SaleOutcome]:
        """An outcome for each row, in their order. A row has its ``manual_payment``, or is refused already. With
        ``all_or_nothing``, one refused row is enough to place none of them.

        A repetition with the same Idempotency-Keys finds the orders that were placed. Raises NotFound for another
        producer's show, InvalidRequest for more than MAX_ORDERS_AT_ONCE or MAX_TICKETS_AT_ONCE, IdempotencyKeyReused,
        Busy, StorageUnavailable, StorageConflict.
        """
        requests = [_placed_by(actor, row) for row in rows if isinstance(row, CheckoutRequest)]
        _ensure_not_too_many(len(rows), sum(request.cart.quantities().total() for request in requests))
        async with self._unit_of_work() as uow:
            await owned_show(uow, actor, show_id)
        may_be_partial = not all_or_nothing
        was_refused = len(requests) < len(rows)

        def keep(outcomes: Sequence[Placement | Exception]) -> bool:
            if any(isinstance(outcome, IdempotencyKeyReused) for outcome in outcomes):
                raise IdempotencyKeyReused
            return may_be_partial or not (was_refused or any(isinstance(each, Exception) for each in outcomes))

        outcomes = await self._place_orders.decide_together(requests, keep) if requests else []
        is_kept = bool(outcomes) and keep(outcomes)
        decided = iter(outcomes)
        return [row if isinstance(row, DomainError) else _outcome(next(decided), is_kept=is_kept) for row in rows]


def _outcome(outcome: Placement | Exception, *, is_kept: bool) -> SaleOutcome:
    if isinstance(outcome, Exception):
        return outcome
    return outcome.order if is_kept or not outcome.is_new else None


def _ensure_not_too_many(orders: int, tickets: int) -> None:
    if orders > MAX_ORDERS_AT_ONCE:
        raise InvalidRequest(f"At most {MAX_ORDERS_AT_ONCE} orders at once", field="orders")
    if tickets > MAX_TICKETS_AT_ONCE:
        raise InvalidRequest(f"At most {MAX_TICKETS_AT_ONCE} tickets at once", field="orders")


def _placed_by(actor: Actor, request: CheckoutRequest) -> CheckoutRequest:
    idempotency = request.idempotency
    if idempotency:
        # Buyers choose their own keys, which contain no space. So none equals a key of a box office.
        idempotency = Idempotency(f"{actor.producer_id} {idempotency.key}", idempotency.fingerprint)
    return replace(request, placed_by=actor, idempotency=idempotency, claimant=None)
