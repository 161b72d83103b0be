"""The frame of all pages about one show: where the page is, how the show stands, and the show's other pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from litestar import Litestar, Request

from application.ports.show_overviews import ShowRow
from domain.catalog import Producer, Show
from domain.people import Member, Right
from domain.sale_period import SaleState
from entrypoints.web.page_format import PageFormat


class ShowState(StrEnum):
    """How a show stands, in one word that is a style, too."""

    DRAFT = "draft"
    UPCOMING = "upcoming"
    ON_SALE = "on-sale"
    SOLD_OUT = "sold-out"
    NO_TICKETS = "no-tickets"
    SALE_ENDED = "sale-ended"
    OVER = "over"
    CANCELLED = "cancelled"


_WORDS: Final = {
    ShowState.DRAFT: "Draft",
    ShowState.UPCOMING: "Sale to come",
    ShowState.ON_SALE: "On sale",
    ShowState.SOLD_OUT: "Sold out",
    ShowState.NO_TICKETS: "No tickets yet",
    ShowState.SALE_ENDED: "Sale ended",
    ShowState.OVER: "Over",
    ShowState.CANCELLED: "Cancelled",
}
_OF_SALE: Final = {
    SaleState.UPCOMING: ShowState.UPCOMING,
    SaleState.OPEN: ShowState.ON_SALE,
    SaleState.OVER: ShowState.SALE_ENDED,
}


def state_of(show: Show, now: datetime) -> ShowState:
    """How the show stands at ``now``."""
    if show.cancelled:
        return ShowState.CANCELLED
    if show.end_time <= now:
        return ShowState.OVER
    return _OF_SALE[show.sale.state(now)] if show.published else ShowState.DRAFT


@dataclass(frozen=True, slots=True)
class ShowHead:
    """A show as its producer's pages name it: when it is as the storefront writes it, and how it stands."""

    show: Show
    words: PageFormat
    state: ShowState

    @classmethod
    def of(cls, show: Show, producer: Producer, now: datetime) -> ShowHead:
        return cls(show, PageFormat(show, producer.currency, producer.tax, fees=producer.fees), state_of(show, now))

    @classmethod
    def of_row(cls, row: ShowRow, producer: Producer, now: datetime) -> ShowHead:
        """The head of a show in a list, which also says whether anything is left to sell."""
        head = cls.of(row.show, producer, now)
        if head.state is not ShowState.ON_SALE or row.places.left:
            return head
        return replace(head, state=ShowState.SOLD_OUT if row.ticket_types else ShowState.NO_TICKETS)

    @property
    def state_words(self) -> str:
        return _WORDS[self.state]

    @property
    def path(self) -> str:
        return show_path(self.show.id)


def show_path(show_id: UUID, page: str = "") -> str:
    """The address of a show's page."""
    return f"/office/shows/{show_id}{page}"


@dataclass(frozen=True, slots=True)
class _Page:
    """A page about a show: its address with ``{show_id}``, and its route without a query."""

    key: str
    label: str
    address: str
    right: Right

    @property
    def route(self) -> str:
        return self.address.partition("?")[0].replace("{show_id}", "{show_id:uuid}")


_PAGES: Final = (
    _Page("overview", "Overview", "/office/shows/{show_id}", Right.VIEW),
    _Page("edit", "Times and place", "/office/shows/{show_id}/edit", Right.CATALOG),
    _Page("page", "Page", "/office/shows/{show_id}/page", Right.CATALOG),
    _Page("tickets", "Tickets", "/office/shows/{show_id}/tickets", Right.CATALOG),
    _Page("codes", "Codes", "/office/shows/{show_id}/codes", Right.CATALOG),
    _Page("sell", "Sell", "/office/shows/{show_id}/sell", Right.ORDERS),
    _Page("guests", "Guest list", "/office/shows/{show_id}/guests", Right.ORDERS),
    _Page("orders", "Orders", "/office/orders?show={show_id}", Right.VIEW),
    _Page("attendees", "Attendees", "/office/attendees?show={show_id}", Right.VIEW),
    _Page("exports", "Exports", "/office/shows/{show_id}/exports", Right.ORDERS),
    _Page("report", "Report", "/office/reports?show={show_id}", Right.REPORTS),
)


@dataclass(frozen=True, slots=True)
class ShowFrame:
    """The frame; ``active`` is the key of the page that it is around."""

    head: ShowHead
    links: tuple[tuple[str, str, str], ...]
    active: str

    @classmethod
    def of(cls, request: Request[Any, Any, Any], member: Member, show: Show, now: datetime, active: str) -> ShowFrame:
        links = tuple(
            (page.key, page.label, page.address.replace("{show_id}", str(show.id)))
            for page in _PAGES
            if member.may(page.right) and has_route(request.app, page.route)
        )
        return cls(ShowHead.of(show, member.producer, now), links, active)


def has_route(app: Litestar, path: str) -> bool:
    """Whether there is a page at this address, which may have parameters."""
    return any(route.path == path for route in app.routes)
