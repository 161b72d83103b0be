"""What is on sale: the list of shows, a show's page with its tickets, and the updates of an open page.

These pages are the same for all buyers and set no cookie: each is rendered at most once a second. Choosing tickets is a
form that is sent by GET, so it changes nothing and needs no protection.
"""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response.base import ASGIResponse

from application.catalog.storefront import GetShow, ListShows
from application.checkout.quote import QuoteCart
from application.links import Links
from application.ports.catalog import ShowCursor, ShowDetails
from application.structured_data import event_on_sale
from domain.catalog import Producer
from domain.errors import DomainError, InvalidPromoCode, PromoCodeExhausted
from domain.fees import all_in_price
from domain.policy import CheckoutPolicy
from domain.pricing import Quote
from domain.promotions import normalize_code
from domain.sale_period import SaleState
from entrypoints.http.context import note_error
from entrypoints.http.errors import code_of
from entrypoints.http.paging import decode_cursor, encode_cursor
from entrypoints.http.rate_limit import ensure_not_guessing, limit_quotes
from entrypoints.injection import SharedRouter
from entrypoints.web.page_cache import CachedAnswer, PageCache, key_of
from entrypoints.web.page_format import PageFormat, common_price_note, error_text, has_prices
from entrypoints.web.rendering import Pages
from entrypoints.web.sale_view import SaleView
from entrypoints.web.selection import Selection

SHOWS_ON_A_PAGE = 24
_FOR_ONE_BUYER: Final = {"Cache-Control": "private, no-store"}


@get("/", include_in_schema=False)
async def show_list(
    request: Request[Any, Any, Any],
    list_shows: NamedDependency[ListShows],
    pages: NamedDependency[Pages],
    page_cache: NamedDependency[PageCache],
    policy: NamedDependency[CheckoutPolicy],
    producer: FromQuery[UUID | None] = None,
    cursor: FromQuery[str | None] = None,
) -> CachedAnswer:
    """Shows on sale, soonest first, and of each production the next one; ``producer`` limits them to one producer."""

    async def make() -> CachedAnswer:
        after = ShowCursor(*decode_cursor(cursor)) if cursor else None
        shows, more = await list_shows(producer_id=producer, once=True, after=after, limit=SHOWS_ON_A_PAGE)
        now = pages.now()
        sales = [SaleView.of(display, policy, now) for display in shows]
        return pages.public(
            "shows.html",
            {
                "shows": sales,
                "price_note": common_price_note(sale.words for sale in sales if has_prices(sale.display.tickets)),
                "producer": _only_producer(shows),
                "next": encode_cursor(more.start_time, more.show_id) if more else None,
                "of_producer": producer,
            },
            good_for=min((sale.good_for for sale in sales if sale.good_for), default=None),
        )

    return await page_cache.get(key_of(request.scope), make)


@get("/shows/{show_id:uuid}", include_in_schema=False)
async def show_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    get_show: NamedDependency[GetShow],
    pages: NamedDependency[Pages],
    page_cache: NamedDependency[PageCache],
    policy: NamedDependency[CheckoutPolicy],
    links: NamedDependency[Links],
) -> CachedAnswer:
    """A show and its tickets. A query holds chosen tickets: the way back from the next page. It may have a promo code,
    which opens hidden tickets: that page is for one buyer, and is not kept. Anything else in it, such as what
    newsletters and networks add, changes nothing.
    """
    selection = Selection.of(dict(request.query_params.items()))
    if selection.promo_code:
        await limit_quotes(request)
        display, refusal = await opened(request, show_id, selection.promo_code, get_show)
        sale = SaleView.of(display, policy, pages.now())
        return pages.unkept("show.html", show_context(sale, selection, refusal=refusal))
    is_chosen = bool(selection.query())

    async def make() -> CachedAnswer:
        display = await get_show(show_id)
        producer, sale = display.producer, SaleView.of(display, policy, pages.now())
        structured = event_on_sale(
            display,
            links,
            lambda ticket: all_in_price(ticket.price, producer.fees, producer.currency, policy),
            sale.now,
        )
        context = {**show_context(sale, selection if is_chosen else Selection()), "structured": structured}
        return pages.public("show.html", context, good_for=sale.good_for)

    if is_chosen:
        return await make()
    return await page_cache.get(f"{request.scope['path']}?", make)


@get("/shows/{show_id:uuid}/remaining", include_in_schema=False)
async def remaining(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    get_show: NamedDependency[GetShow],
    pages: NamedDependency[Pages],
    page_cache: NamedDependency[PageCache],
    policy: NamedDependency[CheckoutPolicy],
) -> CachedAnswer:
    """How many of each ticket may still be chosen, for pages that are already open, how the sale stands, and when that
    changes. ``now`` is the moment of all that.
    """
    selection = Selection.of(dict(request.query_params.items()))

    async def make() -> CachedAnswer:
        display, _ = await opened(request, show_id, selection.promo_code, get_show)
        sale = SaleView.of(display, policy, pages.now())
        facts = {
            "now": sale.now.isoformat(),
            "status": sale.status,
            "changes_at": sale.changes_at.isoformat() if sale.changes_at else None,
            "tickets": {
                str(choice.ticket.id): {"most": choice.most, "left": choice.left, "note": choice.note}
                for choice in map(sale.choice, display.tickets)
            },
        }
        headers = _FOR_ONE_BUYER if selection.promo_code else {}
        return CachedAnswer.of(
            json.dumps(facts), media_type="application/json", headers=headers, good_for=sale.good_for
        )

    if selection.promo_code:
        await limit_quotes(request)
        return await make()
    return await page_cache.get(key_of(request.scope), make)


@get("/shows/{show_id:uuid}/total", before_request=limit_quotes, include_in_schema=False)
async def total(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    get_show: NamedDependency[GetShow],
    quote_cart: NamedDependency[QuoteCart],
    pages: NamedDependency[Pages],
    policy: NamedDependency[CheckoutPolicy],
) -> ASGIResponse:
    """The present price of the tickets in the query, as the part of the page that shows it."""
    selection = Selection.of(dict(request.query_params.items()))
    await ensure_not_guessing(request, selection.promo_code)
    display = await get_show(show_id)
    quote, problem = await price(selection, display, quote_cart, policy)
    if isinstance(problem, InvalidPromoCode):
        note_error(request.scope, code_of(problem))
    words = PageFormat.of(display, policy)
    shown = error_text(problem, words) if problem else None
    context = {"quote": quote, "problem": shown, "words": words, "selection": selection}
    text = pages.text("total.html", context)
    return ASGIResponse(body=text.encode(), media_type="text/html", headers=_FOR_ONE_BUYER)


async def opened(
    request: Request[Any, Any, Any], show_id: UUID, promo_code: str, get_show: GetShow
) -> tuple[ShowDetails, DomainError | None]:
    """The show with the hidden tickets that the promo code opens; or without them, and why the code is refused.

    Raises NotFound, Busy, and TooManyRequestsException for a network that was wrong too often. With a code, no cache
    answers: callers limit these requests as they limit quotes.
    """
    await ensure_not_guessing(request, promo_code)
    try:
        return await get_show(show_id, promo_code), None
    except (InvalidPromoCode, PromoCodeExhausted) as problem:
        if isinstance(problem, InvalidPromoCode):
            note_error(request.scope, code_of(problem))
        return await get_show(show_id), problem


async def price(
    selection: Selection, display: ShowDetails, quote_cart: QuoteCart, policy: CheckoutPolicy
) -> tuple[Quote | None, DomainError | None]:
    """The quote of the choice, or why there is none."""
    try:
        return await quote_cart(
            selection.to_cart(display.show.id, policy, PageFormat.of(display, policy).numbers)
        ), None
    except DomainError as problem:
        return None, problem


def show_context(
    sale: SaleView,
    selection: Selection,
    problem: DomainError | None = None,
    *,
    refusal: DomainError | None = None,
) -> dict[str, Any]:
    """The template values of every page with tickets to choose. ``problem`` is shown at the field that it is about;
    ``refusal`` is why the promo code opens nothing.

    Ticket types that are no longer on sale are left out, unless they were chosen.
    """
    display, words = sale.display, sale.words
    problem = problem or refusal
    choices = map(sale.choice, display.tickets)
    return {
        "code": "" if refusal else normalize_code(selection.promo_code),
        "has_more": display.has_more,
        "takes_code": display.takes_code,
        "show": display.show,
        "description": display.description,
        "image": display.image,
        "production": display.production,
        "producer": display.producer,
        "words": words,
        "sale": sale,
        "now": sale.now,
        "tickets": [
            choice
            for choice in choices
            if choice.state is not SaleState.OVER or str(choice.ticket.id) in selection.quantities
        ],
        "selection": selection,
        "policy": words.policy,
        "problem": error_text(problem, words) if problem else None,
        "problem_field": selection.field_of(problem) if problem else None,
    }


def _only_producer(shows: list[ShowDetails]) -> Producer | None:
    producers = {display.producer.id: display.producer for display in shows}
    return next(iter(producers.values())) if len(producers) == 1 else None


router = SharedRouter("/", route_handlers=[show_list, show_page, remaining, total])
