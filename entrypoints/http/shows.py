"""GET /shows: what is on sale."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from application.catalog.storefront import GetShow, ListShows
from application.ports.catalog import ShowCursor
from application.ports.system import Clock
from domain.policy import CheckoutPolicy
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_cursor, encode_cursor
from entrypoints.http.rate_limit import ensure_not_guessing, limit_quotes
from entrypoints.http.schemas import ShowListOut, ShowOut

OpeningCode = Annotated[str | None, QueryParameter(description="A promo code that opens hidden ticket types")]


@get("/", summary="List shows on sale", operation_id="list_shows")
async def list_all(
    list_shows: NamedDependency[ListShows],
    policy: NamedDependency[CheckoutPolicy],
    clock: NamedDependency[Clock],
    producer: FromQuery[UUID | None] = None,
    production: FromQuery[UUID | None] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> ShowListOut:
    """Published shows that have not ended, soonest first, also before and after their sale. ``producer`` limits them to
    one producer's, ``production`` to one production's.
    """
    after = ShowCursor(*decode_cursor(cursor)) if cursor else None
    shows, more = await list_shows(producer_id=producer, production_id=production, after=after, limit=limit)
    return ShowListOut(
        items=[ShowOut.of(display, policy, clock.now()) for display in shows],
        next_cursor=encode_cursor(more.start_time, more.show_id) if more else None,
    )


@get(
    "/{show_id:uuid}",
    summary="Get a show with its tickets",
    operation_id="get_show",
    responses=answers("invalid_promo_code", "promo_code_exhausted", "rate_limited"),
)
async def get_one(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    get_show: NamedDependency[GetShow],
    policy: NamedDependency[CheckoutPolicy],
    clock: NamedDependency[Clock],
    promo_code: OpeningCode = None,
) -> ShowOut:
    """A published show, how many of each ticket remain, and when they are sold; with a promo code also the hidden
    tickets that it opens.
    """
    if promo_code:
        await limit_quotes(request)
        await ensure_not_guessing(request, promo_code)
    return ShowOut.of(await get_show(show_id, promo_code), policy, clock.now())


router = Router("/shows", route_handlers=[list_all, get_one], tags=["Shows"])
