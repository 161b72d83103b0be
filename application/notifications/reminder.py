"""Task: the reminder on the day before."""

from __future__ import annotations

from collections import Counter

from application.links import Links
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import order_facts
from application.notifications.reminder_task import reminder_time
from application.notifications.ticket_pdf import PrintTickets
from application.orders.details import order_details
from application.ports.emails import ReminderFacts
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.tasks.run import PostponeTask
from domain.orders import AttendeeStatus
from domain.tasks import OutboxTask


class SendReminderEmail:
    """Handler of TaskKind.REMINDER_MAIL. The tickets are attached again, for buyers who can't find them."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        print_tickets: PrintTickets,
        send_email: SendEmail,
        links: Links,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._print_tickets = print_tickets
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail, unless the order admits no one, or the show is cancelled, unpublished or has begun.

        Raises what SendEmail raises, and PostponeTask if the show moved while the order was being completed, which left
        this reminder at its old time.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None or not found.order.success:
            return
        order, display, now = found.order, found.display, self._clock.now()
        show = display.show
        if show.cancelled or not show.published or show.start_time <= now:
            return
        if due_at := reminder_time(show, now):
            raise PostponeTask(due_at)
        tickets = Counter(a.ticket_name for a in order.attendees if a.status is AttendeeStatus.VALID)
        facts = ReminderFacts(**order_facts(found, self._links), tickets=tuple(tickets.items()))
        attachment = await self._print_tickets.attachment(order, display)
        await self._send_email(task, order.customer, facts, attachment, reply_to=display.producer.email)
