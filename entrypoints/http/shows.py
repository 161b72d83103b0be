"""GET /shows: what is on sale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from application.catalog.storefront import NO_SUCH_SHOW, GetShow, ListShows
from application.concurrency.group_commit import GroupCommit, decide_with
from application.ports.catalog import ShowCursor
from application.ports.system import Clock
from domain.errors import NotFound
from domain.policy import CheckoutPolicy
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_cursor, encode_cursor
from entrypoints.http.rate_limit import ensure_not_guessing, limit_quotes
from entrypoints.http.schemas import ShowListOut, ShowOut
from entrypoints.injection import SharedRouter

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


#: The most requests that share a read. They cost it nothing but their ids.
MOST_IN_A_READ: Final = 1000


class ShowAnswers:
    """``get_one`` without a promo code, encoded once for all requests that share a read. An answer is never older than
    its request.
    """

    def __init__(self, get_show: GetShow, policy: CheckoutPolicy, clock: Clock) -> None:
        self._get_show = get_show
        self._policy = policy
        self._clock = clock
        self._line: GroupCommit[None, UUID, bytes] = GroupCommit(
            decide_with(self._answer_together), max_batch=MOST_IN_A_READ
        )

    async def __call__(self, show_id: UUID) -> bytes:
        """The body of the answer. Raises Busy, and NotFound, also for a show that is not published."""
        return await self._line.submit(None, show_id)

    async def _answer_together(self, show_ids: Sequence[UUID]) -> list[bytes | Exception]:
        displays = await self._get_show.together(list(set(show_ids)))
        now = self._clock.now()
        made = {
            display.show.id: msgspec.json.encode(ShowOut.of(display, self._policy, now))
            for display in displays
            if display is not None
        }
        return [made.get(show_id) or NotFound(NO_SUCH_SHOW) for show_id in show_ids]


router = SharedRouter("/shows", route_handlers=[list_all, get_one], tags=["Shows"])
