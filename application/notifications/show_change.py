"""Tasks: the mails that say that a show was cancelled or moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from application.formatting import clock, day, price
from application.links import Links
from application.notifications.calendar_file import WriteCalendar
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import occasion_of, order_facts
from application.notifications.show_change_tasks import place_and_time, what_is_bought
from application.orders.details import OrderDetails, order_details
from application.ports.emails import CalendarCorrectedFacts, HeldShowChangedFacts, ShowCancelledFacts, ShowMovedFacts
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.catalog import Show
from domain.orders import OrderStatus
from domain.tasks import OutboxTask


class SendShowCancelledEmail:
    """Handler of TaskKind.SHOW_CANCELLED_MAIL."""

    def __init__(
        self, unit_of_work: UnitOfWorkFactory, write_calendar: WriteCalendar, send_email: SendEmail, links: Links
    ) -> None:
        self._unit_of_work = unit_of_work
        self._write_calendar = write_calendar
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail, even for an order that was refunded since: its buyer knew of the show.

        Raises what SendEmail raises.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None or not found.display.show.cancelled:
            return
        order, display = found.order, found.display
        paid = price(order.quote.currency, order.amount_paid, display.show.locale) if order.amount_paid else ""
        is_being_paid = order.status is OrderStatus.PROCESSING
        facts = ShowCancelledFacts(**order_facts(found, self._links), paid=paid, is_being_paid=is_being_paid)
        # A buyer who never had tickets has no calendar entry to remove.
        entries = [self._write_calendar.attachment(order, display)] if order.attendees else []
        await self._send_email(task, order.customer, facts, *entries, reply_to=display.producer.email)


class SendShowRescheduledEmail:
    """Handler of TaskKind.SHOW_MOVED_MAIL. Even after several moves the mail has the show as it is when it is sent."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        write_calendar: WriteCalendar,
        send_email: SendEmail,
        links: Links,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._write_calendar = write_calendar
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail, unless the order admits no one, or the show is cancelled, over, or back where it was.

        Raises what SendEmail raises.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None or not (found.order.success or found.order.holds_tickets):
            return
        order, display = found.order, found.display
        show = display.show
        if show.cancelled or show.end_time <= self._clock.now():
            return
        if order.holds_tickets:
            await self._tell_who_has_not_paid(task, found)
            return
        before = _as_it_was(show, task.details)
        if place_and_time(before) == place_and_time(show):
            return
        facts = ShowMovedFacts(**order_facts(found, self._links), before=occasion_of(before))
        entry = self._write_calendar.attachment(order, display)
        await self._send_email(task, order.customer, facts, entry, reply_to=display.producer.email)

    async def _tell_who_has_not_paid(self, task: OutboxTask, found: OrderDetails) -> None:
        order, show = found.order, found.display.show
        before = _as_it_was(show, task.details)
        if what_is_bought(before) == what_is_bought(show):
            return
        facts = HeldShowChangedFacts(
            **order_facts(found, self._links),
            before=occasion_of(before),
            title_before=before.title,
            end_before=_end_of(before),
            end=_end_of(show),
            is_being_paid=order.status is OrderStatus.PROCESSING,
        )
        await self._send_email(task, order.customer, facts, reply_to=found.display.producer.email)


class SendCalendarEmail:
    """Handler of TaskKind.CALENDAR_MAIL: the show keeps its hour, but calendars used old rules of the zone."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        write_calendar: WriteCalendar,
        send_email: SendEmail,
        links: Links,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._write_calendar = write_calendar
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail, unless the order admits no one, or the show is cancelled or over.

        Raises what SendEmail raises.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None or not found.order.success:
            return
        order, display = found.order, found.display
        if display.show.cancelled or display.show.end_time <= self._clock.now():
            return
        facts = CalendarCorrectedFacts(**order_facts(found, self._links))
        entry = self._write_calendar.attachment(order, display)
        await self._send_email(task, order.customer, facts, entry, reply_to=display.producer.email)


def _as_it_was(show: Show, details: Mapping[str, str]) -> Show:
    start_time = datetime.fromisoformat(details["start_time"])
    lasts = show.end_time - show.start_time
    end_time = datetime.fromisoformat(details["end_time"]) if "end_time" in details else start_time + lasts
    return replace(
        show,
        door_time=datetime.fromisoformat(details["door_time"]),
        start_time=start_time,
        end_time=max(start_time, end_time),
        title=details.get("title", show.title),
        timezone=details["timezone"],
        venue=details["venue"],
    )


def _end_of(show: Show) -> str:
    end = show.end_there
    return f"{clock(end, show.zone, show.locale)}, {day(end, show.zone, show.locale)}"
