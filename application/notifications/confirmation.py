"""Task: the mail with the tickets."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

from application.formatting import price, price_tag
from application.links import Links
from application.notifications.calendar_file import WriteCalendar
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import order_facts
from application.notifications.order_links import AddressHashes
from application.notifications.ticket_pdf import PrintTickets
from application.orders.details import OrderDetails, order_details
from application.ports.catalog import ShowDetails
from application.ports.emails import ConfirmationFacts, LetterLine
from application.ports.mail import Attachment
from application.ports.system import Clock
from application.ports.throttle import Allowance
from application.ports.unit_of_work import UnitOfWorkFactory
from application.structured_data import reservations
from application.tasks.run import PostponeTask
from domain.orders import AttendeeStatus, Order
from domain.pricing import whole_lines
from domain.tasks import RENAMED, OutboxTask

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The order that tickets came from by an exchange, and whether its show is to leave the buyer's calendar."""

    order: Order
    display: ShowDetails
    is_off: bool


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
        earlier = await self._earlier(order)
        await self._send_email(
            task,
            order.customer,
            replace(
                self._facts(found, is_renamed=RENAMED in task.details),
                replaces=earlier.order.number if earlier else "",
                off_calendar=earlier is not None and earlier.is_off,
            ),
            await self._print_tickets.attachment(order, display),
            self._write_calendar.attachment(order, display),
            *([self._withdrawal(earlier.display)] if earlier and earlier.is_off else []),
            reply_to=display.producer.email,
        )

    async def _earlier(self, order: Order) -> _Earlier | None:
        """The order that this one was exchanged from; its show is off if the buyer has no other ticket to it."""
        if order.exchange is None:
            return None
        found = await order_details(self._unit_of_work, order.exchange.order_id)
        if found is None:
            return None
        show = found.display.show
        if show.id == order.show_id or show.end_time <= self._clock.now() or not order.customer.has_address:
            return _Earlier(found.order, found.display, is_off=False)
        async with self._unit_of_work(read_only=True) as uow:
            comes = await uow.personal_data.has_tickets(show.id, order.customer.email)
        return _Earlier(found.order, found.display, is_off=not comes)

    def _withdrawal(self, display: ShowDetails) -> Attachment:
        return replace(self._write_calendar.withdrawal(display), filename="earlier-show.ics")

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
