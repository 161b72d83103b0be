"""GET /shows: what is on sale."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from application.ports.storage import ShowCursor
from application.showing import GetShow, ListShows
from domain.errors import InvalidRequest
from entrypoints.http.schemas import ShowListOut, ShowOut

MAX_PAGE = 100


@get("/", summary="List shows on sale", operation_id="list_shows")
async def list_all(
    list_shows: NamedDependency[ListShows],
    producer: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 20,
    cursor: FromQuery[str | None] = None,
) -> ShowListOut:
    """Published shows that have not ended, soonest first."""
    after = _decode_cursor(cursor) if cursor else None
    shows, more = await list_shows(producer_id=producer, after=after, limit=limit)
    return ShowListOut(
        items=[ShowOut.of(display) for display in shows], next_cursor=_encode_cursor(more) if more else None
    )


@get("/{show_id:uuid}", summary="Get a show with its tickets", operation_id="get_show")
async def get_one(show_id: FromPath[UUID], get_show: NamedDependency[GetShow]) -> ShowOut:
    """A published show and how many of each ticket remain."""
    return ShowOut.of(await get_show(show_id))


def _encode_cursor(cursor: ShowCursor) -> str:
    return base64.urlsafe_b64encode(f"{cursor.start_time.isoformat()}|{cursor.show_id}".encode()).decode()


def _decode_cursor(text: str) -> ShowCursor:
    try:
        start_time, _, show_id = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        cursor = ShowCursor(datetime.fromisoformat(start_time), UUID(show_id))
    except (ValueError, binascii.Error):
        raise InvalidRequest("cursor is not one that this list has given", field="cursor") from None
    if cursor.start_time.tzinfo is None:
        raise InvalidRequest("cursor is not one that this list has given", field="cursor")
    return cursor


router = Router("/shows", route_handlers=[list_all, get_one], tags=["Shows"])
