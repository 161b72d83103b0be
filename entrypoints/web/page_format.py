"""Dates and prices as the show's locale writes them, on the venue's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time

from application import formatting
from application.ports.catalog import ShowDetails
from domain.catalog import Show, Ticket
from domain.errors import DomainError, InvalidEmail, NotOnSaleYet
from domain.fees import FeeBearer, all_in_price
from domain.money import Currency
from domain.offering import PriceChanged
from domain.policy import CheckoutPolicy
from domain.tax import TaxMode
from domain.venue_clock import last_day
from entrypoints.web.amounts import NumberStyle

_A_MOMENT: Final = timedelta.resolution
_TAX_NOTES: Final = {
    TaxMode.EXCLUSIVE: "Where a tax applies it is added on the payment page.",
    TaxMode.INCLUSIVE: "Prices and fees include tax.",
    TaxMode.OFF: "",
}
_PRICE_NOTES: Final = {
    TaxMode.EXCLUSIVE: "Prices include all fees. Where a tax applies it is added on the payment page.",
    TaxMode.INCLUSIVE: "Prices include all fees and tax.",
    TaxMode.OFF: "Prices include all fees.",
}


_MIXED_NOTE: Final = "Prices include all fees. Where a tax is not included it is added on the payment page."


@dataclass(frozen=True, slots=True)
class PageFormat:
    """The parts of a page about one show that depend on where it plays."""

    show: Show
    currency: Currency
    tax: TaxMode = TaxMode.EXCLUSIVE
    policy: CheckoutPolicy = field(default_factory=CheckoutPolicy)
    fees: FeeBearer = FeeBearer.BUYER

    @classmethod
    def of(cls, display: ShowDetails, policy: CheckoutPolicy) -> PageFormat:
        producer = display.producer
        return cls(display.show, producer.currency, producer.tax, policy, producer.fees)

    def all_in_price(self, minor: int) -> str:
        """The full price that a buyer pays for a ticket of this price: the first price that a buyer reads must include
        all fees, by United States law (16 CFR 464) and the European Union's (Directive 98/6/EC).
        """
        return self.price(self._all_in(minor))

    def fees_note(self, minor: int) -> str:
        """The parts of ``all_in_price``, such as "$20.00 plus $2.42 fees", or that it has none; "" for a free ticket
        and where there are no fees.
        """
        if self.fees is FeeBearer.PRODUCER:
            return "fees included" if minor else ""
        fees = self._all_in(minor) - minor
        return f"{self.price(minor)} plus {self.price(fees)} fees" if fees else ""

    def _all_in(self, minor: int) -> int:
        return all_in_price(minor, self.fees, self.currency, self.policy)

    @property
    def numbers(self) -> NumberStyle:
        """How buyers write amounts here."""
        return NumberStyle(self.show.locale, self.currency)

    @property
    def price_note(self) -> str:
        """What advertised prices include, and what they cannot."""
        return _PRICE_NOTES[self.tax]

    @property
    def tax_note(self) -> str:
        """The note about tax that a buyer must see before paying; "" if none is charged."""
        if self.tax is TaxMode.INCLUSIVE and self.fees is FeeBearer.PRODUCER:
            return _PRICE_NOTES[self.tax]
        return _TAX_NOTES[self.tax]

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.show.locale, sep="-")

    def price(self, minor: int) -> str:
        """A price, such as "$54.84", or "54,84 €"."""
        return formatting.price(self.currency, minor, self.show.locale)

    def day(self, moment: datetime) -> str:
        """A day, such as "Friday, November 27, 2026"."""
        return format_date(self.show.local(moment), "full", locale=self.locale)

    def days(self) -> str:
        """The show's day, or all of its days, such as "Friday, July 2 – Sunday, July 4, 2027"."""
        return formatting.days_from(*self._first_and_last, self.locale)

    def month(self) -> str:
        """The small line of a calendar sheet: "Nov", or the rest of the dates for a show of several months."""
        first, last = self._first_and_last
        month = self._month(first)
        if (first.year, first.month) == (last.year, last.month):
            return month
        return f"{month} – {last.day} {self._month(last)}"

    def days_of_month(self) -> str:
        """The large line of a calendar sheet: "27", or "2–4"."""
        first, last = self._first_and_last
        is_several = first != last and (first.year, first.month) == (last.year, last.month)
        return f"{first.day}–{last.day}" if is_several else str(first.day)

    @property
    def _first_and_last(self) -> tuple[date, date]:
        start = self.show.start_there
        return start.date(), last_day(start, self.show.end_there)

    def _month(self, day: date) -> str:
        return format_skeleton("MMM", datetime.combine(day, time()), locale=self.locale)

    def clock(self, moment: datetime) -> str:
        """A time, such as "7:30 PM", or "19:30"."""
        return format_time(self.show.local(moment), "short", locale=self.locale)

    def zone(self, moment: datetime) -> str:
        """A time zone, such as "EST"."""
        return formatting.zone(moment, self.show.zone)

    def time_of_sale(self, moment: datetime, now: datetime) -> str:
        """The time at which a sale begins, such as "Fri, Dec 4, 10:00 AM", with the year if it is another. A day that
        begins at midnight is named alone.
        """
        day = self._short_day(moment, now)
        return day if self._is_midnight(moment) else f"{day}, {self.clock(moment)}"

    def short_day(self, moment: datetime) -> str:
        """A day with its year, such as "Fri, Dec 4, 2026"."""
        return format_skeleton("yMMMEd", self.show.local(moment), locale=self.locale)

    def end_of_sale(self, moment: datetime, now: datetime) -> str:
        """The time until which something is sold. People count midnight as the end of the day before."""
        if self._is_midnight(moment):
            return f"the end of {self._short_day(moment - _A_MOMENT, now)}"
        return self.time_of_sale(moment, now)

    def _is_midnight(self, moment: datetime) -> bool:
        return self.show.local(moment).time() == time()

    def _short_day(self, moment: datetime, now: datetime) -> str:
        local = self.show.local(moment)
        skeleton = "MMMEd" if local.year == self.show.local(now).year else "yMMMEd"
        return format_skeleton(skeleton, local, locale=self.locale)

    def from_price(self, display: ShowDetails) -> str:
        """The price of the cheapest ticket that is left, or that none is left. In English, except for the price."""
        cheapest = _cheapest_left(display)
        if cheapest is None:
            return "Sold out"
        if not cheapest.price:
            return "Pay what you like" if cheapest.is_donation_based else "Free"
        cost = self.all_in_price(cheapest.price)
        if cheapest.is_donation_based:
            return f"Pay what you like, from {cost}"
        return f"From {cost}" if len(display.tickets) > 1 else cost

    def from_price_note(self, display: ShowDetails) -> str:
        """The parts of ``from_price``, as in ``fees_note``."""
        cheapest = _cheapest_left(display)
        return self.fees_note(cheapest.price) if cheapest else ""

    def typed_amount(self, minor: int) -> str:
        """An amount as a buyer would type it here: "15,00"."""
        return self.numbers.write(minor)

    def has_some_left(self, display: ShowDetails) -> bool:
        return bool(_left(display))


def common_price_note(shows: Iterable[PageFormat]) -> str:
    """The ``price_note`` of shows that are listed together; "" for none."""
    notes = {words.price_note for words in shows}
    return _MIXED_NOTE if len(notes) > 1 else next(iter(notes), "")


def has_prices(tickets: Iterable[Ticket]) -> bool:
    """Whether any of the tickets costs something, or can."""
    return any(ticket.price or ticket.is_donation_based for ticket in tickets)


def error_text(error: DomainError, words: PageFormat | None = None) -> str:
    """The error as a page words it: the API's messages are for programs, and people need plainer ones. ``words`` writes
    its amount as the rest of the page does.
    """
    if isinstance(error, InvalidEmail):
        return "This is not a complete e-mail address. It should look like name@example.org."
    if isinstance(error, NotOnSaleYet) and words:
        what = f"{error.ticket} goes" if error.ticket else "Tickets go"
        moment = error.on_sale_at
        return f"{what} on sale on {words.day(moment)}, {words.clock(moment)} {words.zone(moment)}"
    sentence = error.written_by(words.price) if words else str(error)
    return f"{sentence}. If you agree, press the button once more." if isinstance(error, PriceChanged) else sentence


def _left(display: ShowDetails) -> list[Ticket]:
    return [ticket for ticket in display.tickets if display.remaining(ticket)]


def _cheapest_left(display: ShowDetails) -> Ticket | None:
    return min(_left(display), key=lambda ticket: ticket.price, default=None)
