"""The first page of the office: tonight, what needs a person, how sales are, and what comes next."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

from domain.people import Member, Right
from entrypoints.office.access import QUIET, office_router
from entrypoints.office.rendering import OfficePages
from entrypoints.office.today_board import OPENED, TodayBoard, next_view, orders_chart, sales_views


@get("/")
async def today(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    today_board: NamedDependency[TodayBoard],
    office_pages: NamedDependency[OfficePages],
) -> Response[str]:
    """The page, as fresh as can be."""
    live = await today_board.live(member, opened=True)
    overview = await today_board.overview(member.producer.id, OPENED)
    return office_pages.page(
        request,
        member,
        "office/today.html",
        {
            "live": live,
            "sales": sales_views(overview.sales, overview.place, member),
            "chart": orders_chart(overview.sales, overview.place),
            "coming": [next_view(each, overview.place) for each in overview.coming],
        },
        active="today",
    )


@get("/live", opt={QUIET: True})
async def live(
    request: Request[Any, Any, Any], member: NamedDependency[Member], today_board: NamedDependency[TodayBoard]
) -> Response[str]:
    """The part of the page that renews itself, or 304 if it is what the page shows already."""
    part = await today_board.live(member)
    headers = {"ETag": part.etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == part.etag:
        return Response("", status_code=HTTP_304_NOT_MODIFIED, media_type=MediaType.HTML, headers=headers)
    return Response(part.text, status_code=HTTP_200_OK, media_type=MediaType.HTML, headers=headers)


router = office_router("/office", today, live, right=Right.VIEW)
