"""Use case: a buyer's browser makes one order of a show at a time, however often its form is sent.

A form is sent again by a double click, the back button, a reload or a second tab; and it is sent changed, by a buyer
who comes back from paying and wants one ticket more. The Idempotency-Keys of one browser and show are a row of them,
of which a form has the first whose order was not bought. The same content under it is the same order; other content
takes the place of an order that is not paid yet, whose tickets must not stand in the buyer's own way.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from application.checkout.checkout import Checkout
from application.checkout.place_orders import CheckoutRequest
from application.errors import CheckoutInProgress, IdempotencyKeyReused
from application.payments.release import CancelOrder
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Conflict
from domain.orders import RELEASED, Idempotency, Order, OrderStatus

#: Orders of one show from one browser, paid or given up. Who buys more often than that is no buyer.
MAX_ORDERS: Final = 50
#: How long a form that is sent twice waits for the answer to the first.
PATIENCE_SECONDS: Final = 8.0
_LOOK_AGAIN_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class CheckoutFormKey:
    """What a form carries. ``unpaid`` is an order of the same browser and show that still waits to be paid."""

    key: str
    unpaid: Order | None = None


class SubmitCheckoutForm:
    def __init__(self, checkout: Checkout, cancel: CancelOrder, unit_of_work: UnitOfWorkFactory) -> None:
        self._checkout = checkout
        self._cancel = cancel
        self._unit_of_work = unit_of_work

    async def form_key(self, browser: str, show_id: UUID) -> CheckoutFormKey:
        """The key for a form that is shown now. ``browser`` is a secret that the browser alone has.

        Raises Conflict after MAX_ORDERS.
        """
        keys = _keys(browser, show_id)
        known = await self._orders(keys)
        for key in keys:
            order = known.get(key)
            if order is not None and order.status is OrderStatus.PENDING:
                return CheckoutFormKey(key, unpaid=order)
        free = next((key for key in keys if key not in known), None)
        if free is None:
            raise _too_many()
        return CheckoutFormKey(free)

    async def __call__(self, browser: str, key: str, request: CheckoutRequest) -> Order:
        """The order that a form asks for. ``key`` is the one it was shown with.

        An order that was bought by this form already is returned as it is, whatever the form says now. Raises
        Conflict after MAX_ORDERS, CheckoutInProgress when the same form is still being worked on, and what Checkout
        and CancelOrder raise.
        """
        keys = _keys(browser, request.cart.show_id)
        # A key of another browser, or of an older cookie: the form is taken for a new one.
        rest = keys[keys.index(key) :] if key in keys else keys
        given_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await self._once(rest, request)
            except (CheckoutInProgress, IdempotencyKeyReused):
                # The same form in another request: what that comes to is seen when it is done.
                if time.monotonic() > given_up:
                    raise CheckoutInProgress from None
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _once(self, keys: tuple[str, ...], request: CheckoutRequest) -> Order:
        known = await self._orders(keys)
        fingerprint = _fingerprint(request)
        for key in keys:
            order = known.get(key)
            if order is None or (order.holds_tickets and _is_same(order, fingerprint)):
                return await self._checkout(replace(request, idempotency=Idempotency(key, fingerprint)))
            if order.status in RELEASED:
                continue
            if order.status is not OrderStatus.PENDING:
                return order
            try:
                await self._cancel(order.id)
            except Conflict:
                return await self._as_it_is(key)
        raise _too_many()

    async def _as_it_is(self, key: str) -> Order:
        return (await self._orders((key,)))[key]

    async def _orders(self, keys: tuple[str, ...]) -> Mapping[str, Order]:
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.orders.with_idempotency_keys(keys)


def _too_many() -> Conflict:
    return Conflict("So many orders of this show were made in this browser already that it takes no more")


def _keys(browser: str, show_id: UUID) -> tuple[str, ...]:
    digest = hashlib.sha256(f"form:{browser}:{show_id}".encode()).digest()
    row = base64.urlsafe_b64encode(digest[:18]).decode()
    return tuple(f"form-{row}.{number}" for number in range(MAX_ORDERS))


def _fingerprint(request: CheckoutRequest) -> bytes:
    # The price is left out: who sends a form again wants the order they have, not one at today's price.
    return hashlib.sha256(repr((request.cart, request.customer)).encode()).digest()


def _is_same(order: Order, fingerprint: bytes) -> bool:
    return order.idempotency is not None and order.idempotency.fingerprint == fingerprint
