"""GET /shows: what is on sale."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from application.catalog.storefront import GetShow, ListShows
from application.ports.catalog import ShowCursor
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_cursor, encode_cursor
from entrypoints.http.schemas import ShowListOut, ShowOut


@get("/", summary="List shows on sale", operation_id="list_shows")
async def list_all(
    list_shows: NamedDependency[ListShows],
    producer: FromQuery[UUID | None] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> ShowListOut:
    """Published shows that have not ended, soonest first."""
    after = ShowCursor(*decode_cursor(cursor)) if cursor else None
    shows, more = await list_shows(producer_id=producer, after=after, limit=limit)
    return ShowListOut(
        items=[ShowOut.of(display) for display in shows],
        next_cursor=encode_cursor(more.start_time, more.show_id) if more else None,
    )


@get("/{show_id:uuid}", summary="Get a show with its tickets", operation_id="get_show")
async def get_one(show_id: FromPath[UUID], get_show: NamedDependency[GetShow]) -> ShowOut:
    """A published show and how many of each ticket remain."""
    return ShowOut.of(await get_show(show_id))


router = Router("/shows", route_handlers=[list_all, get_one], tags=["Shows"])
