"""Task: the mail to a buyer whose payment is still on its way when the doors open."""

from __future__ import annotations

from datetime import datetime

from application.formatting import price
from application.links import Links
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import order_facts
from application.orders.details import order_details
from application.ports.emails import PendingPaymentFacts
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.catalog import Show
from domain.orders import Order, OrderStatus
from domain.tasks import OutboxTask


def is_unpaid_at_the_doors(order: Order, show: Show, now: datetime) -> bool:
    """Whether the doors are open and the bank has not confirmed the payment."""
    return order.status is OrderStatus.PROCESSING and show.door_time <= now and show.takes_place_after(now)


class SendPendingPaymentEmail:
    """Handler of TaskKind.PENDING_PAYMENT_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, send_email: SendEmail, links: Links) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail, unless the payment has been settled since or the show is over.

        Raises what SendEmail raises.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None:
            return
        order, display = found.order, found.display
        if not is_unpaid_at_the_doors(order, display.show, self._clock.now()):
            return
        amount = price(order.quote.currency, order.due, display.show.locale)
        facts = PendingPaymentFacts(**order_facts(found, self._links), amount=amount)
        await self._send_email(task, order.customer, facts, reply_to=display.producer.email)
