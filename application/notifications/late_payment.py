"""Task: the mail that apologises for a payment that came too late."""

from __future__ import annotations

from application.formatting import price
from application.links import Links
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import order_facts
from application.orders.details import order_details
from application.ports.emails import LatePaymentFacts, TooLate
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.catalog import Show
from domain.orders import Order
from domain.tasks import OutboxTask


class SendLatePaymentEmail:
    """Handler of TaskKind.LATE_PAYMENT_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, send_email: SendEmail, links: Links) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail. Raises what SendEmail raises."""
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None:
            return
        order, display = found.order, found.display
        amount = price(order.quote.currency, order.amount_paid, display.show.locale)
        facts = LatePaymentFacts(**order_facts(found, self._links), amount=amount, why=self._why(order, display.show))
        await self._send_email(task, order.customer, facts, reply_to=display.producer.email)

    def _why(self, order: Order, show: Show) -> TooLate:
        if order.unwanted:
            return TooLate.ORDER_CANCELLED
        if show.cancelled:
            return TooLate.SHOW_CANCELLED
        if order.amount_paid - order.tax_added != order.due:
            return TooLate.WRONG_AMOUNT
        return TooLate.TICKETS_GONE if show.takes_place_after(self._clock.now()) else TooLate.SHOW_OVER
