"""Use case: hold tickets for a buyer and open a payment page."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from application.checkout.place_orders import CheckoutLine, CheckoutRequest, Placement
from application.errors import (
    CheckoutInProgress,
    PaymentNotPossible,
    TaxNotConfigured,
    TicketsInUse,
)
from application.payments.session import OpenSession
from application.ports.payment import PaymentBusy, PaymentKeyRefused, PaymentRefused, PaymentUnavailable, TaxRefused
from domain.orders import Idempotency, Order, number_of

log = logging.getLogger(__name__)


#: After this pause a buyer whose ticket is locked asks for it again.
LOOK_AGAIN_SECONDS: Final = 0.5


class Checkout:
    """Turns a request into an order that can be paid, or is free."""

    def __init__(
        self,
        line: CheckoutLine,
        open_session: OpenSession,
        *,
        wait_seconds: float = 10,
    ) -> None:
        """``wait_seconds`` is how long a buyer waits for a ticket that another transaction has locked."""
        self._wait_seconds = wait_seconds
        self._line = line
        self._open_session = open_session
        self._keys_in_flight: set[str] = set()

    async def __call__(self, request: CheckoutRequest) -> Order:
        """The placed order, or the one that the same Idempotency-Key placed before. Its session may still be queued.

        Raises what ``Offering.place`` raises, Busy, CheckoutInProgress, IdempotencyKeyReused, PaymentNotPossible,
        TaxNotConfigured, StorageUnavailable, StorageConflict.
        """
        started = time.perf_counter()
        with self._in_flight(request.idempotency):
            placement = await self._placed(request, started + self._wait_seconds)
            order = placement.order
            if placement.is_new:
                seconds = time.perf_counter() - started
                log.info("Order %s created in %.2fs, number %s", order.id, seconds, number_of(order.id))
            if order.holds_tickets and order.session_id is None:
                order = await payable(self._open_session, order)
            return order

    async def _placed(self, request: CheckoutRequest, wait_until: float) -> Placement:
        while True:
            try:
                return await self._line.submit(request.cart.show_id, request)
            except TicketsInUse:
                if time.perf_counter() + LOOK_AGAIN_SECONDS > wait_until:
                    raise
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    @contextmanager
    def _in_flight(self, idempotency: Idempotency | None) -> Iterator[None]:
        if idempotency is None:
            yield
            return
        if idempotency.key in self._keys_in_flight:
            raise CheckoutInProgress
        self._keys_in_flight.add(idempotency.key)
        try:
            yield
        finally:
            self._keys_in_flight.discard(idempotency.key)


async def payable(open_session: OpenSession, order: Order) -> Order:
    """The order with its payment page, or with one on its way.

    Raises ProducerPaymentMissing, PaymentNotPossible, TaxNotConfigured, CheckoutInProgress.
    """
    try:
        return await open_session(order)
    except TaxRefused as refusal:
        raise TaxNotConfigured from refusal
    except (PaymentRefused, PaymentKeyRefused) as refusal:
        raise PaymentNotPossible(hold_released=True) from refusal
    except PaymentBusy:
        raise CheckoutInProgress from None
    except PaymentUnavailable as failure:
        log.warning("No payment session for order %s yet, its hold stays: %s", order.id, failure)
        raise PaymentNotPossible(hold_released=False) from failure
