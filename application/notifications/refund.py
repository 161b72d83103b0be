"""Task: the mail that says how much money is on its way back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from application.formatting import price
from application.links import Links
from application.notifications.calendar_file import WriteCalendar
from application.notifications.delivery import SendEmail
from application.notifications.order_facts import order_facts
from application.orders.details import order_details
from application.ports.emails import RefundFacts, RefundFailedFacts
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from application.tasks.run import PostponeTask
from domain.orders import AttendeeStatus, Order
from domain.refunds import Refund, RefundStatus
from domain.tasks import OutboxTask, TaskKind

_REFUND_ID: Final = "refund_id"
#: Stripe accepts most refunds within moments. The thousands of a show take longer, and so does an outage.
_SOON: Final = timedelta(seconds=5)
_LATER: Final = timedelta(minutes=2)


def refund_mail(order_id: UUID, *refunds: Refund, ids: Ids, now: datetime) -> OutboxTask:
    """The task to write with refunds that are made together, or without one if unpaid tickets were taken back."""
    details = {_REFUND_ID: ",".join(str(refund.id) for refund in refunds)} if refunds else {}
    return OutboxTask(id=ids.new(), kind=TaskKind.REFUND_MAIL, order_id=order_id, due_at=now, details=details)


def refund_failed_mail(order_id: UUID, refund: Refund, *, ids: Ids, now: datetime) -> OutboxTask:
    """The task to write when a refund comes back from the buyer's bank."""
    details = {_REFUND_ID: str(refund.id)}
    return OutboxTask(id=ids.new(), kind=TaskKind.REFUND_FAILED_MAIL, order_id=order_id, due_at=now, details=details)


class SendRefundEmail:
    """Handler of TaskKind.REFUND_MAIL."""

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
        """Send the mail. It promises nothing that Stripe has not accepted, or that has failed since.

        If the buyer has no other ticket for the show, by this order or another, the mail also removes it from their
        calendar. Raises what SendEmail raises, and PostponeTask while Stripe does not know of the refund.
        """
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None:
            return
        order, display = found.order, found.display
        amount = ""
        if refund_ids := task.details.get(_REFUND_ID):
            refunds = await self._refunds(order, refund_ids.split(","))
            if not refunds:
                return
            for refund in refunds:
                if refund.status is RefundStatus.REQUESTED:
                    raise PostponeTask(self._next_look(refund))
            amount = price(order.quote.currency, sum(refund.amount for refund in refunds), display.show.locale)
        stays_away = display.show.end_time > self._clock.now() and not await self._has_tickets(order)
        facts = RefundFacts(
            **order_facts(found, self._links),
            amount=amount,
            left=sum(attendee.status is AttendeeStatus.VALID for attendee in order.attendees),
            off_calendar=stays_away,
        )
        entries = [self._write_calendar.withdrawal(display)] if stays_away else []
        await self._send_email(task, order.customer, facts, *entries, reply_to=display.producer.email)

    async def _refunds(self, order: Order, refund_ids: Collection[str]) -> list[Refund]:
        """The refunds of the mail, without those that failed since."""
        async with self._unit_of_work() as uow:
            refunds = await uow.refunds.of_order(order.id)
        return [refund for refund in refunds if str(refund.id) in refund_ids and refund.is_effective]

    async def _has_tickets(self, order: Order) -> bool:
        async with self._unit_of_work(read_only=True) as uow:
            return await uow.personal_data.has_tickets(order.show_id, order.customer.email)

    def _next_look(self, refund: Refund) -> datetime:
        now = self._clock.now()
        return now + (_SOON if now - refund.created_at < _LATER else _LATER)


class SendRefundFailedEmail:
    """Handler of TaskKind.REFUND_FAILED_MAIL."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, send_email: SendEmail, links: Links) -> None:
        self._unit_of_work = unit_of_work
        self._send_email = send_email
        self._links = links

    async def __call__(self, task: OutboxTask) -> None:
        """Send the mail, unless the money has gone back after all or is on its way. Raises what SendEmail raises."""
        found = await order_details(self._unit_of_work, task.about_order)
        if found is None:
            return
        order, display = found.order, found.display
        money = found.money_back
        if money is None or not money.owed:
            return
        facts = RefundFailedFacts(
            **order_facts(found, self._links),
            amount=price(order.quote.currency, money.owed, display.show.locale),
            producer_email=display.producer.email,
        )
        await self._send_email(task, order.customer, facts, reply_to=display.producer.email)
