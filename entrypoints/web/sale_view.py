"""The sale of a show as its pages show it: to come, open, sold out or over, and when that changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from application.catalog.availability import FEW
from application.ports.catalog import ShowDetails
from domain.catalog import Ticket
from domain.policy import CheckoutPolicy
from domain.sale_period import SalePeriod, SaleState
from entrypoints.web.page_format import PageFormat


class SaleStatus(StrEnum):
    """What a buyer can do at a show's page: wait for its sale, choose, wait for what comes back, or nothing."""

    UPCOMING = "upcoming"
    OPEN = "open"
    SOLD_OUT = "sold_out"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class TicketChoice:
    """A ticket type to choose from: how many at most, and what the page says about how many are left ("" for many) and
    about when it is sold ("" if as long as its show).
    """

    ticket: Ticket
    state: SaleState
    most: int
    left: str
    note: str


@dataclass(frozen=True, slots=True)
class SaleView:
    """The sale at one moment: a page is made of one, so it contradicts itself nowhere."""

    display: ShowDetails
    now: datetime
    words: PageFormat
    periods: Mapping[UUID, SalePeriod]
    status: SaleStatus

    @classmethod
    def of(cls, display: ShowDetails, policy: CheckoutPolicy, now: datetime) -> SaleView:
        periods = {ticket.id: display.show.sale_of(ticket) for ticket in display.tickets}
        return cls(display, now, PageFormat.of(display, policy), periods, _status(display, periods, now))

    def is_open(self, ticket: Ticket) -> bool:
        return self.periods[ticket.id].state(self.now) is SaleState.OPEN

    @property
    def what_is_open(self) -> ShowDetails:
        """The show with the ticket types that are on sale now."""
        return replace(self.display, tickets=tuple(filter(self.is_open, self.display.tickets)))

    @property
    def opens_at(self) -> datetime | None:
        """The next moment at which a ticket type goes on sale."""
        upcoming = (period for period in self.periods.values() if period.state(self.now) is SaleState.UPCOMING)
        return min((period.begins for period in upcoming if period.begins), default=None)

    @property
    def changes_at(self) -> datetime | None:
        """The next moment at which a page that shows this has to look different."""
        changes = [period.next_change(self.now) for period in self.periods.values()]
        ends = self.display.show.end_time
        return min((each for each in (*changes, ends) if each is not None and each > self.now), default=None)

    @property
    def good_for(self) -> timedelta | None:
        """The time from now until then; None if nothing changes any more."""
        return self.changes_at - self.now if self.changes_at else None

    def choice(self, ticket: Ticket) -> TicketChoice:
        """A ticket type as it is now."""
        state, period = self.periods[ticket.id].state(self.now), self.periods[ticket.id]
        match state:
            case SaleState.OPEN:
                remaining = self.display.remaining(ticket)
                most = min(remaining, self.words.policy.max_tickets_per_order)
                return TicketChoice(ticket, state, most, self._left(ticket, remaining), self._until(period))
            case SaleState.UPCOMING:
                return TicketChoice(ticket, state, 0, "", self._from(period))
            case SaleState.OVER:
                return TicketChoice(ticket, state, 0, "No longer on sale", "")

    @property
    def price_line(self) -> str:
        """The line about prices in a list of shows. In English, except for the price."""
        if self.status is SaleStatus.UPCOMING and self.opens_at:
            return f"On sale from {self.words.time_of_sale(self.opens_at, self.now)}"
        return "No longer on sale" if self.status is SaleStatus.OVER else self.words.from_price(self.what_is_open)

    @property
    def price_line_note(self) -> str:
        """The note beside it, if there is one."""
        is_price = self.status in (SaleStatus.OPEN, SaleStatus.SOLD_OUT)
        return self.words.from_price_note(self.what_is_open) if is_price else ""

    def _left(self, ticket: Ticket, remaining: int) -> str:
        if remaining:
            return f"Only {remaining} left" if remaining <= FEW else ""
        return "None left right now, some may come back" if self.display.may_come_back(ticket) else "Sold out"

    def _from(self, period: SalePeriod) -> str:
        """From when a ticket type is sold; or, where the page says that for all, until when."""
        if not period.begins or (period.begins == self.opens_at and not self.what_is_open.tickets):
            return self._until(period)
        return f"On sale from {self.words.time_of_sale(period.begins, self.now)}"

    def _until(self, period: SalePeriod) -> str:
        """Until when a ticket type is sold, if that is before its show's sale ends, and what it costs then."""
        if period.ends >= self.display.show.sale.ends:
            return ""
        steps = [each for each in self.display.tickets if self.periods[each.id].begins == period.ends]
        until = f"Until {self.words.end_of_sale(period.ends, self.now)}"
        # With several that begin then, each could be the one that takes over.
        return f"{until}, then {self.words.all_in_price(steps[0].price)}" if len(steps) == 1 else until


def _status(display: ShowDetails, periods: Mapping[UUID, SalePeriod], now: datetime) -> SaleStatus:
    states = {ticket.id: periods[ticket.id].state(now) for ticket in display.tickets}
    on_sale = [ticket for ticket in display.tickets if states[ticket.id] is SaleState.OPEN]
    if any(display.may_come_back(ticket) for ticket in on_sale):
        return SaleStatus.OPEN
    if SaleState.UPCOMING in states.values():
        return SaleStatus.UPCOMING
    return SaleStatus.SOLD_OUT if on_sale or not states else SaleStatus.OVER
