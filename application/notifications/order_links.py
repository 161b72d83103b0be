"""Use case: a buyer asks for the links to their orders, and the task that mails them."""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from application.formatting import price
from application.links import Links
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import occasion_of
from application.orders.details import OrderDetails, order_details
from application.ports.emails import OrderLink, OrderLinksFacts
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.customer import Customer
from domain.money_back import MoneyBackStatus
from domain.orders import OrderStatus
from domain.tasks import OutboxTask, TaskKind

log = logging.getLogger(__name__)

#: An address gets one such mail in this time, however often and by whomever it is requested.
LOOKUP_PAUSE: Final = timedelta(minutes=10)
#: The most orders in the mail; the newest come first.
MAX_LINKS: Final = 50

_STATUS_IN_WORDS: Final = {
    OrderStatus.PENDING: "not paid yet",
    OrderStatus.PROCESSING: "payment on its way",
    OrderStatus.COMPLETED: "confirmed",
    OrderStatus.EXPIRED: "not paid in time",
    OrderStatus.PAYMENT_FAILED: "payment failed",
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.PARTIALLY_REFUNDED: "partly refunded",
    OrderStatus.REFUNDED: "refunded",
}


@dataclass(frozen=True, slots=True)
class AddressHashes:
    """Hashes of addresses that asked. They cannot be traced back without the installation's secret."""

    secret: str = field(repr=False)

    def of(self, email: str) -> bytes:
        return hmac.digest(self.secret.encode(), b"order-lookup:" + email.lower().encode(), hashlib.sha256)


class LookUpOrders:
    """Records that an address wants its links.

    The answer must not reveal whether the address has orders, in words or in time: known and unknown addresses take the
    same path and the same commit, except for one more row in it. The task is about the newest order, which has the
    address, so the outbox need not store it.
    """

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids, hashes: AddressHashes) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids
        self._hashes = hashes

    async def __call__(self, email: str) -> None:
        """Record the request.

        ``email`` is as Customer has it. Nothing happens if the address has no order, or asked a moment ago.
        """
        now = self._clock.now()
        async with self._unit_of_work() as uow:
            may_ask = await uow.lookups.ask(self._hashes.of(email), now=now, not_since=now - LOOKUP_PAUSE)
            newest = await uow.lookups.orders_of(email, limit=1)
            tasks = [
                OutboxTask(id=self._ids.new(), kind=TaskKind.ORDER_LINKS_MAIL, order_id=order_id, due_at=now)
                for order_id in newest
                if may_ask
            ]
            await uow.outbox.add(tasks)
            await uow.commit()
        log.info("Links to orders were requested: %s", "mailed" if tasks else "none to mail, or asked a moment ago")


class SendOrderLinksEmail:
    """Handler of TaskKind.ORDER_LINKS_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, send_email: SendEmail, links: Links) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail. Raises what SendEmail raises."""
        async with self._unit_of_work() as uow:
            asking = await uow.orders.get(task.about_order)
            order_ids = await uow.lookups.orders_of(asking.customer.email, limit=MAX_LINKS) if asking else []
        if asking is None:
            return
        found = [await order_details(self._unit_of_work, order_id) for order_id in order_ids]
        facts = OrderLinksFacts(orders=tuple(self._link(each) for each in found if each))
        # Leave the name out: the person who typed the address may not be the one who ordered with it.
        await self._send_email(task, Customer("", asking.customer.email, None), facts)

    def _link(self, found: OrderDetails) -> OrderLink:
        return OrderLink(
            show_title=found.display.show.title,
            occasion=occasion_of(found.display.show),
            order_number=found.order.number,
            status=_status_of(found),
            url=self._links.order_page(found.order),
        )


def _status_of(found: OrderDetails) -> str:
    """The order's status, and what happened to its money."""
    order, money, producer = found.order, found.money_back, found.display.producer
    status = _STATUS_IN_WORDS[order.status]
    if money is None:
        return status
    currency, locale = order.quote.currency, found.display.show.locale
    match money.status:
        case MoneyBackStatus.DISPUTED:
            return f"{status}; your bank decides about the payment"
        case MoneyBackStatus.FAILED:
            owed = price(currency, money.owed, locale)
            return f"{status}; {owed} did not reach you: please ask {producer.name} at {producer.email}"
        case MoneyBackStatus.PENDING:
            return f"{status}; {price(currency, money.on_its_way, locale)} is on its way back to you"
    return f"{status}; {price(currency, money.returned, locale)} went back to you"
