"""Whether a show can be bought, in one word, and what it costs at least: for lists of many shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from application.ports.catalog import ShowDetails
from domain.catalog import Ticket
from domain.fees import all_in_price
from domain.policy import CheckoutPolicy
from domain.sale_period import SaleState

#: From this number down, pages say how many tickets are left.
FEW: Final = 10


class Availability(StrEnum):
    ON_SALE = "on_sale"
    FEW_LEFT = "few_left"
    SOLD_OUT = "sold_out"
    UPCOMING = "upcoming"
    SALE_ENDED = "sale_ended"
    NO_TICKETS = "no_tickets"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be had of a show: ``tickets`` are those that are on sale and left, or that come on sale at ``begins``.

    ``left`` is how many there are together: ticket types that share a capacity share its places.
    """

    availability: Availability
    tickets: tuple[Ticket, ...] = ()
    left: int = 0
    begins: datetime | None = None

    def price_from(self, display: ShowDetails, policy: CheckoutPolicy) -> int | None:
        """What the cheapest ticket costs with all fees, in minor units; None if there is none."""
        if not self.tickets:
            return None
        cheapest = min(ticket.price for ticket in self.tickets)
        return all_in_price(cheapest, display.producer.fees, display.producer.currency, policy)


def offer_of(display: ShowDetails, now: datetime) -> Offer:
    """What can be had of a show that is not over."""
    show = display.show
    if show.cancelled:
        return Offer(Availability.CANCELLED)
    if not display.tickets:
        return Offer(Availability.NO_TICKETS)
    states = [(ticket, show.sale_of(ticket).state(now)) for ticket in display.tickets]
    if on_sale := [ticket for ticket, state in states if state is SaleState.OPEN]:
        return _open(display, on_sale)
    if upcoming := tuple(ticket for ticket, state in states if state is SaleState.UPCOMING):
        begins = [begin for ticket in upcoming if (begin := show.sale_of(ticket).begins)]
        return Offer(Availability.UPCOMING, upcoming, begins=min(begins, default=None))
    return Offer(Availability.SALE_ENDED)


def _open(display: ShowDetails, on_sale: Sequence[Ticket]) -> Offer:
    remaining = {ticket: display.remaining(ticket) for ticket in on_sale}
    had = tuple(ticket for ticket in on_sale if remaining[ticket])
    if not had:
        return Offer(Availability.SOLD_OUT)
    left = sum(remaining[ticket] for ticket in had if ticket.capacity_id is None)
    for capacity in display.capacities:
        sharing = sum(remaining[ticket] * ticket.places for ticket in had if ticket.capacity_id == capacity.id)
        left += min(sharing, capacity.remaining)
    return Offer(Availability.FEW_LEFT if left <= FEW else Availability.ON_SALE, had, left)
