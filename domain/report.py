"""The report of a show: figures that add up to its orders to the cent.

The report counts every order that was ever completed (paid, free or manual), whatever became of it later. Money that
came after the tickets were gone, or a second time, went straight back: it was never a sale and is in no figure.

Fees, tax and refunds belong to whole orders. They are allocated to an order's lines by price, refunds by the price of
its void tickets (of all tickets if none is void, as after a refund in Stripe's dashboard), in shares that add up
exactly. The amount of a lost dispute is allocated by price, too.

A sale counts on the day on which its order was completed, and what went back of it on the day on which it went back
(``domain.returns``): a day's figures are what moved on that day, and stay as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.capacity import Capacity, remaining_of
from domain.catalog import Ticket
from domain.disputes import Dispute
from domain.inventory import Inventory
from domain.money import Currency
from domain.orders import AttendeeStatus, Order
from domain.refunds import Refund, allocate
from domain.returns import Histories, OrderHistory, Returned, returned_by
from domain.tax import TaxMode

#: Orders that buyers placed themselves.
ONLINE: Final = "online"

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Takings:
    """Sums over orders, in minor units.

    ``gross`` is the price of the tickets before discount; ``donations`` is the part of it from donation tickets.
    ``fees`` is what the platform got for itself and for payment processing, ``fees_included`` the part of it that was
    within the prices and not on top, ``fees_returned`` the part that the platform gave back with refunds and lost
    disputes. ``tax_included`` is the part of ``tax`` that was within prices and fees. ``refunds`` is what buyers got
    back or will get, ``disputes`` what lost disputes took from the producer. ``tickets`` counts tickets sold, refunded
    ones included.
    """

    orders: int = 0
    tickets: int = 0
    gross: int = 0
    discounts: int = 0
    donations: int = 0
    fees: int = 0
    fees_included: int = 0
    fees_returned: int = 0
    tax: int = 0
    tax_included: int = 0
    refunds: int = 0
    disputes: int = 0

    @property
    def paid(self) -> int:
        """The amount that buyers paid: ``gross`` - ``discounts`` + ``fees`` - ``fees_included`` + ``tax`` -
        ``tax_included``.
        """
        return self.gross - self.discounts + self.fees - self.fees_included + self.tax - self.tax_included

    @property
    def net(self) -> int:
        """The amount that the producer keeps: ``paid`` - ``refunds`` - ``disputes`` - (``fees`` - ``fees_returned``).

        It includes the tax that the producer owes.
        """
        return self.paid - self.refunds - self.disputes - self.fees + self.fees_returned

    def __add__(self, other: Takings) -> Takings:
        return Takings(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReport:
    """One ticket type: its counters, how many the public can still buy, its attendees who came, and its takings.

    ``takings.orders`` is 0, because an order may have several ticket types.
    """

    ticket_id: UUID
    name: str
    price: int
    inventory: Inventory
    capacity_id: UUID | None = None
    remaining: int
    checked_in: int
    takings: Takings


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReport:
    """The report. ``by_day`` has the days on which orders were completed or money went back, on the venue's calendar;
    ``by_payment`` is keyed by "online" or the payment of manual orders. Each of the three breakdowns adds up to
    ``total``. ``capacities`` have the places that ticket types share.
    """

    currency: Currency
    tickets: tuple[TicketReport, ...]
    capacities: tuple[Capacity, ...] = ()
    by_day: Mapping[date, Takings]
    by_payment: Mapping[str, Takings]
    total: Takings

    @property
    def quantity(self) -> int:
        """How much there is to sell: tickets, and the places of capacities instead of the tickets that share them."""
        own = sum(ticket.inventory.quantity or 0 for ticket in self.tickets if ticket.capacity_id is None)
        return own + sum(capacity.size for capacity in self.capacities)

    @property
    def remaining(self) -> int:
        """How much of ``quantity`` the public can still buy."""
        own = sum(ticket.remaining for ticket in self.tickets if ticket.capacity_id is None)
        return own + sum(capacity.remaining for capacity in self.capacities)


def ticket_report(ticket: Ticket, capacities: Iterable[Capacity], *, checked_in: int, takings: Takings) -> TicketReport:
    """A ticket type's part of the report, with the capacities of its show."""
    left = next((capacity.remaining for capacity in capacities if capacity.id == ticket.capacity_id), None)
    return TicketReport(
        ticket_id=ticket.id,
        name=ticket.name,
        price=ticket.price,
        inventory=ticket.inventory,
        capacity_id=ticket.capacity_id,
        remaining=remaining_of(ticket, left),
        checked_in=checked_in,
        takings=takings,
    )


def report_of(
    tickets: Iterable[Ticket],
    orders: Iterable[Order],
    refunds: Mapping[UUID, Sequence[Refund]],
    *,
    disputes: Mapping[UUID, Sequence[Dispute]],
    currency: Currency,
    timezone: ZoneInfo,
    capacities: Sequence[Capacity] = (),
    exchanged: Iterable[Order] | None = None,
) -> ShowReport:
    """The report of a show with these tickets and orders; ``refunds`` and ``disputes`` are by order. ``exchanged`` are
    the orders that tickets of these were exchanged for, which may be of other shows (None: they are among the orders).
    """
    own = list(orders)
    histories = Histories.of(own if exchanged is None else exchanged, refunds, disputes)
    by_ticket: dict[UUID, Takings] = defaultdict(Takings)
    by_day: dict[date, Takings] = defaultdict(Takings)
    by_payment: dict[str, Takings] = defaultdict(Takings)
    checked_in: dict[UUID, int] = defaultdict(int)
    for order in own:
        for moment, lines in dated_takings(order, histories.of_order(order.id)):
            for line, takings in zip(order.lines, lines, strict=True):
                by_ticket[line.ticket_id] += replace(takings, orders=0)
            by_day[moment.astimezone(timezone).date()] += sum(lines, Takings())
            by_payment[order.manual_payment or ONLINE] += sum(lines, Takings())
        for attendee in order.attendees:
            checked_in[attendee.ticket_id] += attendee.checked_in_at is not None
    return ShowReport(
        currency=currency,
        tickets=tuple(
            ticket_report(ticket, capacities, checked_in=checked_in[ticket.id], takings=by_ticket[ticket.id])
            for ticket in tickets
        ),
        capacities=tuple(capacities),
        by_day=_sorted(by_day),
        by_payment=_sorted(by_payment),
        total=sum(by_day.values(), Takings()),
    )


def dated_takings(order: Order, history: OrderHistory) -> Iterator[tuple[datetime, list[Takings]]]:
    """The takings of each line of an order, at each moment at which money moved: the sale, where the first line counts
    the order, and then what went back. Nothing for an order that was never completed.
    """
    if order.completed_at is None:
        return
    yield order.completed_at, _sale(order)
    prices = [line.total_price for line in order.lines]
    void = [0] * len(order.lines)
    for attendee in order.attendees:
        if attendee.status is AttendeeStatus.VOID:
            void[attendee.line] += order.lines[attendee.line].unit_amount
    before = [Takings()] * len(order.lines)
    for moment, returned in returned_by(order, history):
        after = _shares_of(returned, prices, void if any(void) else prices)
        yield moment, [_less(new, old) for new, old in zip(after, before, strict=True)]
        before = after


def _sale(order: Order) -> list[Takings]:
    prices = [line.total_price for line in order.lines]
    shares = zip(allocate(order.quote.fees, prices), allocate(order.tax, prices), strict=True)
    return [
        Takings(
            orders=int(index == 0),
            tickets=line.quantity,
            gross=line.price_per_ticket * line.quantity,
            discounts=line.discount_amount,
            donations=line.donation_amount * line.quantity,
            fees=fees,
            fees_included=fees if order.quote.fees_included else 0,
            tax=tax,
            tax_included=tax if order.tax_mode is TaxMode.INCLUSIVE else 0,
        )
        for index, (line, (fees, tax)) in enumerate(zip(order.lines, shares, strict=True))
    ]


def _shares_of(returned: Returned, prices: Sequence[int], refunded: Sequence[int]) -> list[Takings]:
    """What has gone back so far, by lines. The shares of a moment are the difference to those before, so all moments
    add up to the shares of the whole.
    """
    shares = zip(
        allocate(returned.refunds, refunded),
        allocate(returned.disputes, prices),
        allocate(returned.fees, prices),
        strict=True,
    )
    return [Takings(refunds=refunds, disputes=disputes, fees_returned=fees) for refunds, disputes, fees in shares]


def _less(new: Takings, old: Takings) -> Takings:
    return Takings(
        refunds=new.refunds - old.refunds,
        disputes=new.disputes - old.disputes,
        fees_returned=new.fees_returned - old.fees_returned,
    )


def _sorted(figures: Mapping[Key, Takings]) -> dict[Key, Takings]:
    return {key: figures[key] for key in sorted(figures, key=str)}
