"""Task: the mail that brings the tickets."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from application.correspondence import send_letter
from application.links import Links
from application.outbox import OutboxTask
from application.ports.mail import Attachment, ConfirmationFacts, LetterLine, LetterWriter, Mailer
from application.ports.storage import ShowOnDisplay, UnitOfWorkFactory
from application.printing import PrintTickets, price_tag
from application.showing import order_on_display
from domain.orders import Order


class SendConfirmation:
    """Handler of TaskKind.CONFIRMATION_MAIL."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        print_tickets: PrintTickets,
        letters: LetterWriter,
        mailer: Mailer,
        links: Links,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._print_tickets = print_tickets
        self._letters = letters
        self._mailer = mailer
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Raises TaskHopeless when the server refuses the mail for good, MailUnavailable when it is away."""
        found = await order_on_display(self._unit_of_work, task.order_id)
        if found is None or not found.order.success:
            return  # refunded meanwhile: these tickets admit nobody any more
        order, display = found.order, found.display
        tickets = await self._print_tickets(order, display)
        letter = self._letters.confirmation(self._facts(order, display))
        attachment = Attachment(f"tickets-{order.number}.pdf", "application/pdf", tickets)
        await send_letter(self._mailer, task, order, letter, attachment)

    def _facts(self, order: Order, display: ShowOnDisplay) -> ConfirmationFacts:
        show, quote = display.show, order.quote
        money = quote.currency.price
        return ConfirmationFacts(
            customer_name=order.customer.name,
            show_title=show.title,
            producer_name=display.producer.name,
            venue=show.venue,
            door_time=show.door_time,
            start_time=show.start_time,
            timezone=ZoneInfo(show.timezone),
            order_number=order.number,
            lines=tuple(
                LetterLine(
                    name=line.name,
                    quantity=line.quantity,
                    total_price=price_tag(quote.currency, line.price_per_ticket * line.quantity),
                )
                for line in quote.lines
            ),
            discount=money(quote.promo_code_discount) if quote.promo_code_discount else "",
            fees="" if quote.is_free else money(quote.fees),
            tax=money(order.tax) if order.tax else "",
            total="" if quote.is_free else money(quote.total + order.tax),
            order_url=self._links.order_page(order),
        )
