"""OrderListRepo in memory."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from adapters.memory.tables import Tables
from application.ports.order_lists import (
    AttendeeCursor,
    AttendeeFilter,
    AttendeeSummary,
    ExportedAttendee,
    ExportedOrder,
    Hold,
    OrderCursor,
    OrderFilter,
    OrderSummary,
    PaidBy,
    ShowsOf,
    UndeliveredMail,
)
from domain.admission import Passages
from domain.email_address import both_forms
from domain.order_search import MisspeltWord, names_key, search_key
from domain.orders import AttendeeStatus, Order, TicketAttendee
from domain.tasks import ORDER_MAILS, TaskState


class MemoryOrderListRepo:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def orders(
        self, of: ShowsOf, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[OrderSummary]:
        found = [
            order
            for order in self._orders(of)
            if _meets(order, only)
            and _matches(order, only)
            and (after is None or (order.created_at, order.id) < (after.created_at, after.order_id))
        ]
        found.sort(key=lambda order: (order.created_at, order.id), reverse=True)
        listed = [replace(_summary_of(order), undelivered=self._undelivered(order.id)) for order in found]
        return [order for order in listed if order.undelivered or not only.undelivered][:limit]

    def _orders(self, of: ShowsOf) -> list[Order]:
        shows = {show.id for show in self._tables.shows.values() if show.producer_id == of.producer_id}
        wanted = shows if of.show_id is None else shows & {of.show_id}
        return [order for order in self._tables.orders.values() if order.show_id in wanted]

    def _undelivered(self, order_id: UUID) -> tuple[UndeliveredMail, ...]:
        mails = [
            task for task in self._tables.outbox.values() if task.order_id == order_id and task.kind in ORDER_MAILS
        ]
        arrived = [task for task in mails if task.state is TaskState.DONE]
        open_ones = [
            task
            for task in mails
            if task.state is not TaskState.DONE and task.last_error is not None
            if not any(later.kind is task.kind and later.due_at > task.due_at for later in arrived)
        ]
        facts = sorted((t.kind, t.state, t.sending_since is not None, t.last_error) for t in open_ones)
        return tuple(
            UndeliveredMail.of(kind, state, in_doubt=doubt, error=error) for kind, state, doubt, error in facts
        )

    async def attendees(
        self, of: ShowsOf, *, only: AttendeeFilter, after: AttendeeCursor | None, limit: int
    ) -> list[AttendeeSummary]:
        found = [
            summary
            for order in self._orders(of)
            if _matches(order, only) and only.promo_code in (None, order.quote.promo_code)
            for attendee in order.attendees
            if only.ticket_name in (None, attendee.ticket_name)
            and only.allocation_id in (None, order.lines[attendee.line].allocation_id)
            if only.presence in (None, (summary := self._attendee_of(order, attendee)).presence)
        ]
        found.sort(key=_place)
        last = (after.created_at, after.order_id, after.attendee_id) if after else None
        return [attendee for attendee in found if last is None or _place(attendee) > last][:limit]

    def _attendee_of(self, order: Order, attendee: TicketAttendee) -> AttendeeSummary:
        scans = [scan for scan in self._tables.scans.values() if scan.attendee_id == attendee.id]
        out_since = Passages.of(scans).out_since if attendee.is_valid else None
        return replace(_attendee_of(order, attendee), out_since=out_since)

    async def exported_orders(
        self, of: ShowsOf, *, only: OrderFilter, after: OrderCursor | None, limit: int
    ) -> list[ExportedOrder]:
        return [ExportedOrder.of(each) for each in await self.orders(of, only=only, after=after, limit=limit)]

    async def exported_attendees(
        self, of: ShowsOf, *, only: AttendeeFilter, after: AttendeeCursor | None, limit: int
    ) -> list[ExportedAttendee]:
        return [ExportedAttendee.of(each) for each in await self.attendees(of, only=only, after=after, limit=limit)]

    async def words_like(self, of: ShowsOf, word: MisspeltWord) -> set[str]:
        keys = (search_key(order.customer, order.other_names) for order in self._orders(of))
        return {each for key in keys for each in key.split(" ") if word.may_mean(each)}

    async def with_number(self, producer_id: UUID, number: str, *, limit: int) -> list[UUID]:
        found = sorted(order.id for order in self._orders(ShowsOf(producer_id)) if order.number == number)
        return found[:limit]

    async def ticket_names(self, of: ShowsOf) -> list[str]:
        shows = {show.id for show in self._tables.shows.values() if show.producer_id == of.producer_id}
        wanted = shows if of.show_id is None else shows & {of.show_id}
        return sorted({ticket.name for ticket in self._tables.tickets.values() if ticket.show_id in wanted})

    async def holds(self, show_id: UUID, *, limit: int) -> list[Hold]:
        networks = {claim.order_id: claim.key for claim in self._tables.ticket_claims.values() if claim.is_network}
        found = [
            Hold(
                order_id=order.id,
                status=order.status,
                email=order.customer.email,
                network=networks.get(order.id),
                tickets=sum(line.quantity for line in order.lines),
                created_at=order.created_at,
                expires_at=order.expires_at,
            )
            for order in self._tables.orders.values()
            if order.show_id == show_id and order.holds_tickets and order.expires_at is not None
        ]
        return sorted(found, key=lambda hold: (hold.expires_at, hold.order_id))[:limit]

    async def sizes(self, show_id: UUID) -> tuple[int, int]:
        of_show = [order for order in self._tables.orders.values() if order.show_id == show_id]
        return len(of_show), sum(len(order.attendees) for order in of_show)


def _place(attendee: AttendeeSummary) -> tuple[object, ...]:
    return (attendee.created_at, attendee.order_id, attendee.id)


def _matches(order: Order, only: OrderFilter | AttendeeFilter) -> bool:
    customer, codes = order.customer, [attendee.code for attendee in order.attendees]
    key = names_key(customer.name, order.other_names) if only.names_only else search_key(customer, order.other_names)
    return all(term.is_in(key, customer.phone, order.id, codes) for term in only.terms)


def _meets(order: Order, only: OrderFilter) -> bool:
    return (
        only.status in (None, order.status)
        and (only.email is None or order.customer.email.lower() in both_forms(only.email))
        and (order.disputed or not only.disputed)
        and only.paid_by in (None, _paid_by(order))
        and (only.placed_from is None or order.created_at >= only.placed_from)
        and (only.placed_until is None or order.created_at < only.placed_until)
    )


def _paid_by(order: Order) -> PaidBy:
    if order.manual_payment is not None:
        return PaidBy(order.manual_payment)
    return PaidBy.ONLINE if order.quote.total else PaidBy.FREE


def _attendee_of(order: Order, attendee: TicketAttendee) -> AttendeeSummary:
    return AttendeeSummary(
        id=attendee.id,
        name=attendee.name,
        ticket_name=attendee.ticket_name,
        is_vip=attendee.is_vip,
        code=attendee.code,
        status=attendee.status,
        checked_in_at=attendee.checked_in_at,
        order_id=order.id,
        order_number=order.number,
        customer_email=order.customer.email,
        created_at=order.created_at,
        show_id=order.show_id,
        show_title=order.show_title,
    )


def _summary_of(order: Order) -> OrderSummary:
    quote = order.quote
    return OrderSummary(
        id=order.id,
        show_id=order.show_id,
        show_title=order.show_title,
        number=order.number,
        status=order.status,
        customer=order.customer,
        currency=quote.currency,
        subtotal=quote.subtotal,
        promo_code=quote.promo_code,
        promo_code_discount=quote.promo_code_discount,
        fees=quote.fees,
        fees_included=quote.fees_included,
        total=quote.total,
        tax=order.tax,
        amount_paid=order.amount_paid,
        refunded_amount=order.refunded_amount,
        manual_payment=order.manual_payment,
        disputed=order.disputed,
        tickets=sum(line.quantity for line in order.lines),
        valid_tickets=sum(attendee.status is AttendeeStatus.VALID for attendee in order.attendees),
        checked_in=sum(attendee.checked_in_at is not None for attendee in order.attendees),
        created_at=order.created_at,
        completed_at=order.completed_at,
    )
