"""What a visitor puts into the cart, by what the page shows. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from application.ports.catalog import ShowDetails
from domain.cart import CartLine
from domain.catalog import Ticket
from domain.sale_period import SaleState
from rehearsal.crowd import Visitor


def on_offer(shown: ShowDetails, now: datetime) -> list[Ticket]:
    """The ticket types that the page sells now, from the cheapest place to the dearest."""
    open_now = [each for each in shown.tickets if shown.show.sale_of(each).state(now) is SaleState.OPEN]
    return sorted(open_now, key=lambda ticket: (ticket.price / ticket.places, ticket.places, ticket.id))


def chosen(shown: ShowDetails, visitor: Visitor, *, party: int, now: datetime) -> CartLine | None:
    """The line of the visitor's cart; None where nothing is left that they would take."""
    fitting = [ticket for ticket in on_offer(shown, now) if party % ticket.places == 0]
    wanted = _by_taste(fitting, visitor.taste)
    if wanted is None:
        return None
    if _is_left(shown, wanted, party):
        return _line(shown, wanted, party)
    if not visitor.takes_another_price:
        return None
    instead = _by_taste([ticket for ticket in fitting if _is_left(shown, ticket, party)], visitor.taste)
    return _line(shown, instead, party) if instead else None


def _by_taste(tickets: list[Ticket], taste: float) -> Ticket | None:
    return tickets[min(int(taste * len(tickets)), len(tickets) - 1)] if tickets else None


def _is_left(shown: ShowDetails, ticket: Ticket, party: int) -> bool:
    return shown.remaining(ticket) >= party // ticket.places


def _line(shown: ShowDetails, ticket: Ticket, party: int) -> CartLine:
    given = Decimal(0)
    if ticket.is_donation_based:
        currency = shown.producer.currency
        given = currency.to_decimal(ticket.price or currency.minimum_charge)
    return CartLine(0, ticket.id, party // ticket.places, donation_amount=given)
