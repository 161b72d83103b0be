"""The page where a buyer exchanges tickets: first the show, then the tickets and who gets them, then what it costs.

The choice is in the address, so every step can be reloaded and gone back from. Only the last button changes anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_400_BAD_REQUEST, HTTP_409_CONFLICT

from application.catalog.storefront import ListShows
from application.checkout.exchange import Exchanged, ExchangeRequest, ExchangeTickets
from application.errors import ApplicationError
from application.links import Links
from application.orders.details import OrderDetails
from application.ports.catalog import ShowDetails
from application.ports.payment import PaymentError
from domain.errors import DomainError
from domain.orders import Order
from entrypoints.http.rate_limit import limit_quotes, limit_renames
from entrypoints.injection import SharedRouter
from entrypoints.web.csrf import csrf_token
from entrypoints.web.order_page import may_exchange, opened
from entrypoints.web.page_format import PageFormat, error_text
from entrypoints.web.rendering import Pages

#: Shows to choose from: the next ones of the production, or else of the producer.
MOST_SHOWS: Final = 40
_TRY_AGAIN: Final = "That did not go through, and nothing has changed. Please try again in a moment."


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen so far. ``was_sent``: by the form, so nothing may be missing."""

    show_id: UUID | None = None
    ticket_id: UUID | None = None
    attendee_ids: Sequence[UUID] = ()
    was_sent: bool = False

    @classmethod
    def of(cls, fields: Any) -> Choice:
        """The choice in a query or a form; what is no id counts as not chosen."""
        chosen = [id_ for text in fields.getall("a", []) if (id_ := _id(text))]
        return cls(_id(fields.get("show")), _id(fields.get("ticket")), chosen, "sent" in fields)

    @property
    def request(self) -> ExchangeRequest | None:
        """The exchange, if all of it is chosen."""
        if self.show_id is None or self.ticket_id is None or not self.attendee_ids:
            return None
        return ExchangeRequest(self.show_id, [(self.ticket_id, self.attendee_ids)])

    @property
    def missing(self) -> dict[str, str]:
        """What the form was sent without, by the ids of its fields."""
        if not self.was_sent:
            return {}
        errors = {} if self.ticket_id else {"which": "Choose the ticket that you want instead"}
        return errors if self.attendee_ids else {**errors, "whom": "Choose at least one person"}


def exchangeable(order: Order) -> list[UUID]:
    """The attendees whose tickets are valid and not used."""
    return [each.id for each in order.attendees if each.is_valid and each.checked_in_at is None]


async def _page(
    request: Request[Any, Any, Any],
    found: OrderDetails,
    choice: Choice,
    pages: Pages,
    links: Links,
    shows: Sequence[ShowDetails],
    seen: Exchanged | None,
    error: str = "",
) -> Response[str]:
    display = next((each for each in shows if each.show.id == choice.show_id), None)
    context = {
        "order": found.order,
        "show": found.display.show,
        "producer": found.display.producer,
        "words": PageFormat(found.display.show, found.order.quote.currency),
        "order_url": links.order_page(found.order),
        "token": links.tokens.token(found.order.id),
        "shows": [(each.show, PageFormat(each.show, found.order.quote.currency)) for each in shows],
        "chosen": display,
        "choice": choice,
        "exchangeable": exchangeable(found.order),
        "seen": seen,
        "error": error,
        "missing": choice.missing,
        "csrf_token": csrf_token(request),
    }
    return pages.page("exchange.html", context, status_code=_status(error, choice))


def _status(error: str, choice: Choice) -> int:
    if choice.missing:
        return HTTP_400_BAD_REQUEST
    return HTTP_409_CONFLICT if error else HTTP_200_OK


async def _shows(list_shows: ListShows, found: OrderDetails) -> list[ShowDetails]:
    show = found.display.show
    shows, _ = await list_shows(
        producer_id=show.producer_id, production_id=show.production_id, after=None, limit=MOST_SHOWS
    )
    return shows


@get("/shows/{show_id:uuid}/orders/{order_id:uuid}/exchange", before_request=limit_quotes, include_in_schema=False)
async def exchange_page(
    request: Request[Any, Any, Any],
    opened: NamedDependency[OrderDetails],
    exchange_tickets: NamedDependency[ExchangeTickets],
    list_shows: NamedDependency[ListShows],
    pages: NamedDependency[Pages],
    links: NamedDependency[Links],
) -> Response[Any]:
    """The choice, and what it would cost. An exchange that waits for its payment is shown instead: the buyer pays or
    cancels it first.
    """
    if not may_exchange(opened, pages.now()):
        return Redirect(links.order_page(opened.order), status_code=HTTP_303_SEE_OTHER)
    if unpaid := await exchange_tickets.unpaid(opened.order.id):
        return Redirect(links.order_page(unpaid), status_code=HTTP_303_SEE_OTHER)
    choice, seen, error = Choice.of(request.query_params), None, ""
    if wanted := choice.request:
        try:
            seen = await exchange_tickets.preview(opened.order.id, wanted)
        except DomainError as refusal:
            error = error_text(refusal)
    return await _page(request, opened, choice, pages, links, await _shows(list_shows, opened), seen, error)


@post("/shows/{show_id:uuid}/orders/{order_id:uuid}/exchange", before_request=limit_renames, include_in_schema=False)
async def exchange(
    request: Request[Any, Any, Any],
    opened: NamedDependency[OrderDetails],
    exchange_tickets: NamedDependency[ExchangeTickets],
    list_shows: NamedDependency[ListShows],
    pages: NamedDependency[Pages],
    links: NamedDependency[Links],
) -> Response[Any]:
    """Exchanges, and leads to the new order, or to where the difference is paid."""
    choice = Choice.of(await request.form())
    wanted = choice.request
    if wanted is None:
        return Redirect(links.order_page(opened.order), status_code=HTTP_303_SEE_OTHER)
    try:
        done = await exchange_tickets(opened.order.id, wanted)
    except DomainError as refusal:
        error = error_text(refusal)
    except (ApplicationError, PaymentError):
        error = _TRY_AGAIN
    else:
        url = links.checkout_url(done.order)
        leads_there = done.order.checkout_url != url or pages.policy.leads_to(url)
        return Redirect(url if leads_there else links.order_page(done.order), status_code=HTTP_303_SEE_OTHER)
    return await _page(request, opened, choice, pages, links, await _shows(list_shows, opened), None, error)


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


router = SharedRouter("/", route_handlers=[exchange_page, exchange], dependencies={"opened": Provide(opened)})
