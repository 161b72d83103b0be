"""Task: the mail that says sorry for a payment that came too late."""

from __future__ import annotations

from application.correspondence import send_letter
from application.links import Links
from application.outbox import OutboxTask
from application.ports.mail import LatePaymentFacts, LetterWriter, Mailer
from application.ports.storage import UnitOfWorkFactory
from application.showing import order_on_display


class ApologizeForLatePayment:
    """Handler of TaskKind.LATE_PAYMENT_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, letters: LetterWriter, mailer: Mailer, links: Links) -> None:
        self._unit_of_work = unit_of_work
        self._letters = letters
        self._mailer = mailer
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Raises TaskHopeless when the server refuses the mail for good, MailUnavailable when it is away."""
        found = await order_on_display(self._unit_of_work, task.order_id)
        if found is None:
            return
        order, display = found.order, found.display
        facts = LatePaymentFacts(
            customer_name=order.customer.name,
            show_title=display.show.title,
            producer_name=display.producer.name,
            order_number=order.number,
            amount=order.quote.currency.price(order.amount_paid),
            order_url=self._links.order_page(order),
        )
        await send_letter(self._mailer, task, order, self._letters.late_payment(facts))
