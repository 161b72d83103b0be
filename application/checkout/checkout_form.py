"""Use case: a buyer's browser makes one order of a show at a time, even if it sends its form several times.

A form is sent again by a double click, the back button, a reload or a second tab. It is sent changed by a buyer who
comes back from paying and wants one ticket more. The browser has a series of Idempotency-Keys for each show; a form
carries the first one whose order was not bought. The same content with it is the same order. Other content replaces an
order that is not paid yet, whose tickets must not stand in the buyer's own way.
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

#: Orders of one show from one browser, paid or given up. No real buyer places more.
MAX_ORDERS: Final = 50
#: How long a form that is sent twice waits for the answer to the first.
PATIENCE_SECONDS: Final = 8.0
_LOOK_AGAIN_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class CheckoutFormKey:
    """The key that a form carries. ``unpaid`` is an order of the same browser and show that is not paid yet."""

    key: str
    unpaid: Order | None = None


class SubmitCheckoutForm:
    def __init__(self, checkout: Checkout, cancel: CancelOrder, unit_of_work: UnitOfWorkFactory) -> None:
        self._checkout = checkout
        self._cancel = cancel
        self._unit_of_work = unit_of_work

    async def form_key(self, browser: str, show_id: UUID) -> CheckoutFormKey:
        """The key for a form that is shown now. ``browser`` is a secret that only the browser has.

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
        """The order for a form. ``key`` is the one that the form was shown with.

        If this form's order is already bought, it is returned as it is, even if the form has other content now. Raises
        Conflict after MAX_ORDERS, CheckoutInProgress while the same form is still processed, and what Checkout and
        CancelOrder raise.
        """
        keys = _keys(browser, request.cart.show_id)
        # A key of another browser, or of an older cookie: treat the form as a new one.
        rest = keys[keys.index(key) :] if key in keys else keys
        given_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await self._once(rest, request)
            except (CheckoutInProgress, IdempotencyKeyReused):
                # Another request processes the same form: wait for its result.
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
    return Conflict("This browser has already made so many orders of this show that it takes no more")


def _keys(browser: str, show_id: UUID) -> tuple[str, ...]:
    digest = hashlib.sha256(f"form:{browser}:{show_id}".encode()).digest()
    row = base64.urlsafe_b64encode(digest[:18]).decode()
    return tuple(f"form-{row}.{number}" for number in range(MAX_ORDERS))


def _fingerprint(request: CheckoutRequest) -> bytes:
    # Leave the price out: a buyer who sends a form again wants the order they have, not one at today's price.
    return hashlib.sha256(repr((request.cart, request.customer)).encode()).digest()


def _is_same(order: Order, fingerprint: bytes) -> bool:
    return order.idempotency is not None and order.idempotency.fingerprint == fingerprint
