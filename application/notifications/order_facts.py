"""Facts for mails, from orders and shows."""

from __future__ import annotations

from typing import Final, TypedDict

from application.links import Links
from application.orders.details import OrderDetails
from application.ports.emails import Occasion
from domain.catalog import Show

#: How a mail greets a customer who gave no name.
NAMELESS: Final = "there"


class _OrderFacts(TypedDict):
    customer_name: str
    show_title: str
    producer_name: str
    occasion: Occasion
    order_number: str
    order_url: str


def occasion_of(show: Show) -> Occasion:
    """Where and when the show is."""
    return Occasion(
        venue=show.venue,
        door_time=show.door_there,
        start_time=show.start_there,
        end_time=show.end_there,
        timezone=show.zone,
        locale=show.locale,
    )


def order_facts(found: OrderDetails, links: Links) -> _OrderFacts:
    """The facts for every mail about an order (OrderFacts), as keyword arguments."""
    order, display = found.order, found.display
    return {
        "customer_name": order.customer.name or NAMELESS,
        "show_title": display.show.title,
        "producer_name": display.producer.name,
        "occasion": occasion_of(display.show),
        "order_number": order.number,
        "order_url": links.order_page(order),
    }
