"""What the counter's pages show: a show with its figures, sales in words, sums, and tickets on paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from markupsafe import Markup

from application import formatting
from application.counter.screen import CounterScreen
from application.ports.catalog import ShowDetails
from application.ports.show_overviews import HeadLine
from domain.cash import denominations, handed_over, rounded_cash
from domain.catalog import Show
from domain.money import Currency
from domain.orders import Order
from domain.policy import MAX_TICKETS_AT_THE_COUNTER
from domain.pricing import Quote
from domain.shift import CounterPayment, CounterSale, Shift
from entrypoints.office.sell import SoldType, allocation_choices
from entrypoints.web.page_format import PageFormat
from entrypoints.web.qr import qr_code

#: From this number down, places that are left stand out.
FEW: Final = 10
#: People come to the counter so long before the doors, and wait.
SOON: Final = timedelta(hours=4)
#: How a sale is paid: the word, and the key that chooses it.
PAYMENTS: Final = (
    (CounterPayment.CASH.value, "Cash", "C"),
    (CounterPayment.CARD.value, "Card", "D"),
    (CounterPayment.OTHER.value, "Another way", "O"),
    (CounterPayment.COMP.value, "Complimentary", "F"),
)
NAMES: Final[Mapping[CounterPayment, str]] = MappingProxyType(
    {CounterPayment(value): name for value, name, _ in PAYMENTS}
)
_PAID: Final[Mapping[CounterPayment, str]] = MappingProxyType(
    {
        CounterPayment.CASH: "in cash",
        CounterPayment.CARD: "by card",
        CounterPayment.OTHER: "paid another way",
        CounterPayment.COMP: "complimentary",
    }
)
_BACK: Final[Mapping[CounterPayment, str]] = MappingProxyType(
    {
        CounterPayment.CASH: "Give {amount} in cash back.",
        CounterPayment.CARD: "Give {amount} back at the card terminal.",
        CounterPayment.OTHER: "Give {amount} back as it was paid.",
        CounterPayment.COMP: "No money goes back.",
    }
)


@dataclass(frozen=True, slots=True)
class CounterView:
    """A show at the counter, as its pages write it."""

    details: ShowDetails
    line: HeadLine
    now: datetime
    allocations: tuple[tuple[str, str], ...] = ()
    shift: Shift | None = None
    most: int = MAX_TICKETS_AT_THE_COUNTER

    @classmethod
    def of(cls, screen: CounterScreen, now: datetime) -> CounterView:
        return cls(screen.details, screen.line, now, tuple(allocation_choices(screen.allocations)), screen.shift)

    @property
    def show(self) -> Show:
        return self.details.show

    @property
    def currency(self) -> Currency:
        return self.details.producer.currency

    @property
    def words(self) -> PageFormat:
        producer = self.details.producer
        return PageFormat(self.show, producer.currency, producer.tax, fees=producer.fees)

    @property
    def path(self) -> str:
        return f"/office/counter/{self.show.id}"

    @property
    def types(self) -> list[SoldType]:
        return [SoldType(ticket, self.details.remaining(ticket)) for ticket in self.details.tickets]

    @property
    def labels(self) -> dict[str, str]:
        """The names of the form's fields, for its errors."""
        types = {each.quantity: each.ticket.name for each in self.types}
        gifts = {each.donation: each.ticket.name for each in self.types}
        others = {"payment": "Paid", "given": "Cash given", "promo_code": "Promo code", "allocation_id": "Places"}
        return {**types, **gifts, **others}

    @property
    def is_forgotten(self) -> bool:
        return self.shift is not None and self.shift.is_forgotten(self.now, self.show.zone)

    @property
    def is_soon(self) -> bool:
        """Whether who buys a ticket now goes in: the doors open within SOON, or did."""
        return self.show.door_time - self.now <= SOON

    @property
    def when(self) -> str:
        return when(self.show, self.now)

    @property
    def point(self) -> str:
        """What stands before the decimals where the show plays."""
        return "," if "," in self.words.numbers.write(1) else "."

    @property
    def cash(self) -> str:
        """Notes and coins in minor units, for the script."""
        return " ".join(map(str, denominations(self.currency)))

    def number(self, count: int) -> str:
        return formatting.number(count, self.show.locale)

    def clock(self, moment: datetime) -> str:
        return formatting.clock(moment, self.show.zone, self.show.locale)


def when(show: Show, now: datetime) -> str:
    """When a show is: its hour if it is today's, else with its day."""
    start = formatting.clock(show.start_there, show.zone, show.locale)
    if show.start_there.date() == show.local(now).date():
        return f"Today, {start}"
    return f"{formatting.days(show.start_there, show.end_there, show.zone, show.locale)}, {start}"


@dataclass(frozen=True, slots=True)
class Sum:
    """What the form would sell: the total, cash that people hand over for it, and the change. ``step`` is that of cash
    where it is paid so, 0 for no rounding.
    """

    quote: Quote
    words: PageFormat
    given: int | None = None
    step: int = 0

    @property
    def tickets(self) -> int:
        return self.quote.tickets

    @property
    def total(self) -> str:
        return self.words.price(self.quote.total)

    @property
    def expected(self) -> str:
        return str(self.quote.currency.to_decimal(self.quote.total))

    @property
    def quick(self) -> list[tuple[int, str]]:
        return [(each, self.words.price(each)) for each in handed_over(self._due, self.quote.currency)]

    @property
    def in_cash(self) -> str:
        """What is paid in coins that there are; "" where that is the total."""
        return self.words.price(self._due) if self._due != self.quote.total else ""

    @property
    def _due(self) -> int:
        return rounded_cash(self.quote.total, self.step)

    @property
    def is_short(self) -> bool:
        return self.given is not None and self.given < self._due

    @property
    def change(self) -> str:
        if self.given is None:
            return ""
        left = self.given - self._due
        return f"Change {self.words.price(left)}" if left >= 0 else f"{self.words.price(-left)} are missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleView:
    """A sale in words. ``back_words`` say what to do with the money if it is undone."""

    order_id: UUID
    show_id: UUID
    number: str
    words: str
    amount: str
    paid: str
    seller: str
    at: str
    change: str = ""
    in_cash: str = ""
    back_words: str = ""
    is_undone: bool = False
    is_last: bool = False
    is_in: bool = False

    @classmethod
    def of(cls, sale: CounterSale, view: CounterView, *, is_last: bool = False, is_in: bool = False) -> SaleView:
        words = view.words
        back = sale.handed_back if sale.is_undone else sale.taken
        return cls(
            order_id=sale.order_id,
            show_id=sale.show_id,
            number=sale.number,
            words=what(sale),
            amount=words.price(sale.amount),
            paid=_PAID[sale.payment],
            seller=sale.seller,
            at=view.clock(sale.at),
            change=words.price(sale.change) if sale.change else "",
            in_cash=words.price(sale.taken) if sale.rounding else "",
            back_words=back_words(sale.payment, words.price(back)) if back else "No money goes back.",
            is_undone=sale.is_undone,
            is_last=is_last,
            is_in=is_in,
        )


def what(sale: CounterSale) -> str:
    """The tickets of a sale: "2 Adult, 1 Child"."""
    counts: dict[str, int] = {}
    for line in sale.lines:
        counts[line.name] = counts.get(line.name, 0) + line.quantity
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def paid_words(payment: CounterPayment) -> str:
    return _PAID[payment]


def back_words(payment: CounterPayment, amount: str) -> str:
    """What the seller does with the money of an undone sale."""
    return _BACK[payment].format(amount=amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A ticket on the paper of a receipt printer. ``place`` says of how many of the order it is which one."""

    producer: str
    title: str
    when: str
    venue: str
    name: str
    type: str
    is_vip: bool
    price: str
    place: str
    code: str
    number: str
    qr: Markup


def slips_of(order: Order, details: ShowDetails) -> list[Slip]:
    """The tickets of an order that are valid."""
    show = details.show
    valid = [attendee for attendee in order.attendees if attendee.is_valid]
    day = formatting.days(show.start_there, show.end_there, show.zone, show.locale)
    return [
        Slip(
            producer=details.producer.name,
            title=show.title,
            when=f"{day}, {formatting.clock(show.start_there, show.zone, show.locale)}",
            venue=show.venue,
            name=attendee.name,
            type=attendee.ticket_name,
            is_vip=attendee.is_vip,
            price=formatting.price(order.quote.currency, order.lines[attendee.line].unit_amount, show.locale),
            place=f"{position} of {len(valid)}",
            code=attendee.code,
            number=order.number,
            qr=qr_code(attendee.code),
        )
        for position, attendee in enumerate(valid, start=1)
    ]
