"""Task: the mail that warns the old address after an order's e-mail address was changed."""

from __future__ import annotations

import logging

from application.notifications.delivery import SendEmail
from application.notifications.order_facts import NAMELESS, occasion_of
from application.orders.details import order_details
from application.ports.emails import AddressChangedFacts
from application.ports.unit_of_work import UnitOfWorkFactory
from application.tasks.run import PermanentTaskError
from domain.customer import Customer
from domain.email_address import is_same_address, masked
from domain.tasks import BUYER_EMAIL, BUYER_NAME, OutboxTask

log = logging.getLogger(__name__)


class SendAddressChangedEmail:
    """Handler of TaskKind.ADDRESS_CHANGED_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, send_email: SendEmail) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail, unless the buyer was erased, or has the old address again or none.

        A mistyped address often accepts no mail: then there is no one to warn. Otherwise raises what SendEmail raises.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        address = task.details.get(BUYER_EMAIL)
        if found is None or address is None:
            return
        order, display = found.order, found.display
        if not order.customer.has_address or is_same_address(address, order.customer.email):
            return
        name = task.details[BUYER_NAME]
        facts = AddressChangedFacts(
            customer_name=name or NAMELESS,
            show_title=display.show.title,
            producer_name=display.producer.name,
            occasion=occasion_of(display.show),
            order_number=order.number,
            new_address=masked(order.customer.email),
        )
        try:
            await self._send_email(task, Customer(name, address), facts, reply_to=display.producer.email)
        except PermanentTaskError:
            log.info("The old address of order %s accepts no mail, so it is not informed of the new one", order.id)
