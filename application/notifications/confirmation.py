"""Task: the mail with the tickets."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from application.formatting import price, price_tag
from application.links import Links
from application.notifications.calendar_file import WriteCalendar
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import order_facts
from application.notifications.order_links import AddressHashes
from application.notifications.ticket_pdf import PrintTickets
from application.orders.details import OrderDetails, order_details
from application.ports.emails import ConfirmationFacts, LetterLine
from application.ports.system import Clock
from application.ports.throttle import Allowance
from application.ports.unit_of_work import UnitOfWorkFactory
from application.structured_data import reservations
from application.tasks.run import PostponeTask
from domain.orders import AttendeeStatus, Order
from domain.pricing import whole_lines
from domain.tasks import RENAMED, OutboxTask

log = logging.getLogger(__name__)


class SendConfirmationEmail:
    """Handler of TaskKind.CONFIRMATION_MAIL. Another such task sends the tickets again, as they are then."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        print_tickets: PrintTickets,
        write_calendar: WriteCalendar,
        send_email: SendEmail,
        links: Links,
        free_mails: Allowance,
        addresses: AddressHashes,
        clock: Clock,
    ) -> None:
        """``free_mails`` limits the mails of free orders to one address, because anyone can order in its name."""
        self._free_mails = free_mails
        self._addresses = addresses
        self._clock = clock
        self._unit_of_work = unit_of_work
        self._print_tickets = print_tickets
        self._write_calendar = write_calendar
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail.

        Raises what SendEmail raises, and PostponeTask if the address had its share of mails of free orders.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None or not found.order.success:
            return  # refunded in the meantime: these tickets no longer admit
        order, display = found.order, found.display
        await self._wait_for_allowance(order)
        await self._send_email(
            task,
            order.customer,
            self._facts(found, is_renamed=RENAMED in task.details),
            await self._print_tickets.attachment(order, display),
            self._write_calendar.attachment(order, display),
            reply_to=display.producer.email,
        )

    async def _wait_for_allowance(self, order: Order) -> None:
        if order.quote.total or order.is_manual_order or order.customer.is_erased:
            return
        seconds = await self._free_mails.refused_for(self._addresses.of(order.customer.email).hex())
        if seconds is not None:
            log.info("The tickets of free order %s wait: their address had many such mails lately", order.id)
            raise PostponeTask(self._clock.now() + timedelta(seconds=seconds))

    def _facts(self, found: OrderDetails, *, is_renamed: bool) -> ConfirmationFacts:
        order, quote = found.order, found.order.quote
        currency, locale = quote.currency, found.display.show.locale

        def money(minor: int) -> str:
            return price(currency, minor, locale) if minor else ""

        valid = Counter(a.line for a in order.attendees if a.status is AttendeeStatus.VALID)
        back = found.money_back
        return ConfirmationFacts(
            **order_facts(found, self._links),
            lines=tuple(
                LetterLine(
                    name=line.name,
                    quantity=line.quantity,
                    total_price=price_tag(currency, line.total_price, locale),
                    valid=sum(valid[index] for index in parts),
                )
                for line, parts in whole_lines(quote.lines)
            ),
            discount=f"−{money(quote.promo_code_discount)}" if quote.promo_code_discount else "",
            fees=money(quote.fees_on_top),
            fees_included=quote.fees_included and quote.fees > 0,
            tax=money(order.tax),
            tax_label="Tax" if order.tax_added == order.tax else "Tax, included",
            total=money(quote.total + order.tax_added),
            reservations=reservations(order, found.display, self._links),
            void=len(order.attendees) - valid.total(),
            is_renamed=is_renamed,
            returned=money(back.returned) if back else "",
            on_its_way=money(back.on_its_way) if back else "",
        )
