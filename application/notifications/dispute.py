"""Task: the mail that informs a producer, its people, and the operator of a dispute."""

from __future__ import annotations

from typing import Final

from application.formatting import price
from application.links import Links
from application.notifications.delivery import SendEmail
from application.notifications.office_people import RECIPIENT, addressee
from application.notifications.order_facts import occasion_of
from application.orders.details import order_details
from application.ports.emails import DisputeFacts
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.catalog import Producer
from domain.customer import Customer
from domain.disputes import CONTESTED, INQUIRIES, DisputeStatus
from domain.people import Right
from domain.tasks import OutboxTask

DISPUTE_ID: Final = "dispute_id"
#: A recipient beside those of application.notifications.office_people.
OPERATOR: Final = "operator"
#: What a person needs to see of a producer to do something about a dispute: the order, and the money.
RIGHTS_FOR_DISPUTES: Final = (Right.ORDERS, Right.REPORTS)
#: The key for the dispute's status when the mail was requested.
STATUS: Final = "status"


class SendDisputeEmail:
    """Handler of TaskKind.DISPUTE_MAIL."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, send_email: SendEmail, links: Links, *, operator_email: str
    ) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email
        self._links = links
        self._operator_email = operator_email

    async def __call__(self, task: OutboxTask) -> None:
        """Send the dispute's present status. A mail whose status a newer one has replaced is dropped.

        Raises what SendEmail raises.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None:
            return
        async with self._unit_of_work() as uow:
            disputes = {dispute.id: dispute for dispute in await uow.disputes.of_order(task.about_order)}
        dispute = disputes.get(task.details[DISPUTE_ID])
        was_open = DisputeStatus(task.details[STATUS]) in INQUIRIES | CONTESTED
        if dispute is None or (dispute.is_over and was_open):
            return
        order, display = found.order, found.display
        currency, locale = order.quote.currency, display.show.locale
        is_for_operator = task.details[RECIPIENT] == OPERATOR
        to = await self._to(task, display.producer)
        if to is None:
            return
        facts = DisputeFacts(
            show_title=display.show.title,
            producer_name=display.producer.name,
            occasion=occasion_of(display.show),
            order_number=order.number,
            customer_name="" if order.customer.is_erased else order.customer.name,
            status=dispute.status,
            reason=dispute.reason.replace("_", " "),
            amount=price(currency, dispute.amount, locale),
            evidence_due_by=dispute.evidence_due_by,
            lost=price(currency, dispute.lost, locale),
            recovered=price(currency, dispute.recovered, locale),
            fees_returned=price(currency, dispute.fees_returned, locale) if dispute.fees_returned else "",
            has_valid_tickets=order.success,
            was_repaid_before=dispute.has_to_be_repaid,
            order_url="" if is_for_operator else self._links.office(f"/orders/{order.number}"),
        )
        await self._send_email(task, to, facts)

    async def _to(self, task: OutboxTask, producer: Producer) -> Customer | None:
        """Whom the mail goes to; None if the operator removed the setting, or the person is gone."""
        if task.details[RECIPIENT] == OPERATOR:
            return Customer("", self._operator_email) if self._operator_email else None
        async with self._unit_of_work(read_only=True) as uow:
            return await addressee(uow, producer, task.details[RECIPIENT], *RIGHTS_FOR_DISPUTES)
